"""Films in a PACS by DICOMweb: searched for, fetched, and results about them stored. What a
film shows is read in `imaging`, and what results say is written in `dicom_out`."""
