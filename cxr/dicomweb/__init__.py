"""Films in a PACS by DICOMweb: searched for, fetched, and results about them stored."""
