"""What data sets look like on disk, one module per data set. Needs numpy and OpenCV only."""
