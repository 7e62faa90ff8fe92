"""The sample of a frame: a dict that a data set begins and every transform of a pipeline adds to.

A pipeline of videos gets a list of them, the key frame first; the clip model gets a list of equal frames.

======================= ============================================= ==================================================
key                     value                                         from
======================= ============================================= ==================================================
``filename``            path of the image                             ``frame`` of a data set in :mod:`knet.datasets`
``ori_filename``        the same without its folder                   the same
``video_id``            number of the video                           the same
``frame_id``            number of the frame in it                     the same
``is_first_frame``      whether a stream starts anew                  the same
``label_space``         classes, :class:`knet.labels.LabelSpace`      the same
``ann``                 paths of the label files                      the same
``ann_reader``          function from them to an id map (H, W) int32  the same
``img``                 (H, W, 3) uint8 RGB; float32 when normalised  :mod:`.loading`, then :mod:`.transforms`
``img_fields``          ``['img']``, what transforms change as image  :mod:`.loading`
``ori_shape``           (H, W, 3) of the file                         :mod:`.loading`
``img_shape``           (H, W, 3) without padding                     :mod:`.loading`, then :mod:`.transforms`
``gt_id_map``           (H, W) int32 class and instance               :mod:`.loading`; cut up by :mod:`.instances`
``seg_fields``          keys that transforms change as label maps     :mod:`.loading`, :mod:`.instances`
``scale_factor``        (4,) float32, width and height twice          ``SeqResizeWithDepth``
``flip``,               whether, and how, the frame is mirrored       ``SeqFlipWithDepth``
``flip_direction``
``gt_masks``            (G, H, W) instance masks                      :func:`.instances.cut_instances`, at the crop
``gt_bboxes``           (G, 4) float32 x0, y0, x1, y1                 the same
``gt_labels``           (G,) int64 thing labels                       the same
``gt_instance_ids``     (G,) int64 identities                         the same
``gt_semantic_seg``     (H, W) uint8 dataset ids                      the same
``img_norm_cfg``        ``mean``, ``std``, ``to_rgb``                 ``SeqNormalizeWithDepth``
``pad_shape``           (H, W, 3) with padding                        ``SeqPadWithDepth``
``img_metas``           :data:`.formatting.META_KEYS` of all this     ``VideoCollect``
======================= ============================================= ==================================================

COCO's data sets give ``img_info``, ``ann_info`` and ``stuff_map_table`` instead of ``ann`` and ``ann_reader``.
"""

from typing import Any, Dict

#: See above.
Frame = Dict[str, Any]
