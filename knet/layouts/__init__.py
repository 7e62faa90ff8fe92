"""What data sets look like on disk, one module per data set; needs numpy and OpenCV only.

A module holds file names, split lists, decoding and encoding of label maps, and a reader of the ground truth. Data
sets, evaluators, the toy world, drawing and converters all ask these modules. :mod:`knet.layouts.registry` finds a
layout by name.
"""
