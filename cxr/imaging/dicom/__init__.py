"""Films stored as DICOM: which tags are read and what they may say, grey-level tables, pixel
decoders. DICOM is written in `dicom_out`."""
