"""Video instance segmentation by clip-wise Video K-Net (YouTube-VIS).

Importing this package registers nothing; :mod:`knet_vis.plugin` does. Config files ask for it with
``custom_imports = dict(imports=['knet.plugin', 'knet_vis.plugin'], allow_failed_imports=False)``.
"""
