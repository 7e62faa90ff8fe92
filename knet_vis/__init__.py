"""Video instance segmentation by clip-wise Video K-Net (YouTube-VIS)."""
