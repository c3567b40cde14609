"""What every page is made of: the frame, charts, how numbers are written."""
