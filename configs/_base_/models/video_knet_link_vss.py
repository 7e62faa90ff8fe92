# The link of Video K-Net, of the size of the update stages.
link_previous = dict(num_heads=8, feedforward_channels=2048, num_ffn_fcs=2)
