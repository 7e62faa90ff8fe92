# Rung 3 of tools/experiments/ladder.py: kernels of the previous frame enter the last stage.
_base_ = './4_joint_train.py'
model = dict(type='VideoKNetQuansiEmbedFC')
