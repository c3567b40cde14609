"""From a file's bytes to a film, and from a film to the network's square: the radiograph, its
readers (PNG, JPEG; DICOM in a room of its own), the limits that decoders stand behind,
preprocessing and the corruptions that films are given on purpose. Nothing here knows a network."""
