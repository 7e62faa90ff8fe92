# As default_runtime.py, with the plugin of video instance segmentation.
_base_ = './default_runtime.py'
custom_imports = dict(imports=['knet.plugin', 'knet_vis.plugin'], allow_failed_imports=False)
