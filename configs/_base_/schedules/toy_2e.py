# Toy training on images: two epochs.
_base_ = './toy.py'
runner = dict(type='EpochBasedRunner', max_epochs=2)
