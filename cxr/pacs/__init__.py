"""The PACS from the command line: searched, fetched from, sent to, and films received from it. The
protocol of DICOMweb is in `dicomweb`, what is sent in `dicom_out`."""
