"""What became of the names in configs of the original implementation: data for error messages.

``docs/migrate.md`` shows the same tables; ``tests/apis/test_original_names.py`` compares the two.
"""

import inspect
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Set, Tuple

from mmcv.cnn.bricks.registry import TRANSFORMER_LAYER
from mmdet.datasets import DATASETS, PIPELINES
from mmdet.models.builder import MODELS

from knet.det.mask_hungarian_assigner import KNET_ASSIGNERS, KNET_MATCH_COST

_SPACE = 'model.label_space says the classes'
_CONSTANT = 'leave it out: every config of the original gives the one value that is built in'
_DATA = 'leave it out: the data set knows its label files'

#: Folders of the original whose modules configs import -> the module here that registers the same names.
PACKAGES = {
    'external': 'knet.plugin',
    'swin': 'knet.plugin',
    'unitrack': 'knet.plugin',
    'panoptic_fpn': 'knet.plugin',
    'mmtrack': 'knet_vis.plugin',
}

#: Folders of the original that are packages here as well -> their modules, by which configs mean the whole plugin; some
#: are named by configs only.
MODULES: Dict[str, str] = {
    'knet': 'cross_entropy_loss kernel_updator',
    'knet.det': (
        'dice_loss kernel_head kernel_iter_head kernel_update_head knet mask_hungarian_assigner mask_pseudo_sampler '
        'msdeformattn_decoder semantic_fpn_wrapper utils'
    ),
    'knet.video': (
        'dice_loss kernel_head kernel_iter_head kernel_update_head knet knet_quansi_dense knet_quansi_dense_conv_mask '
        'knet_quansi_dense_embed_fc knet_quansi_dense_embed_fc_joint_train knet_quansi_dense_embed_fc_toy_exp '
        'knet_quansi_dense_embed_fc_with_appearance knet_quansi_dense_roi knet_quansi_dense_roi_gt_box '
        'knet_quansi_dense_roi_gt_box_joint_train knet_track knet_track_head knet_track_head_roi_align knet_uni_track '
        'mask_hungarian_assigner mask_pseudo_sampler track_heads tracker util'
    ),
    'knet.video.qdtrack': 'builder',
    'knet.video.qdtrack.losses': 'l2_loss multipos_cross_entropy_loss',
    'knet.video.qdtrack.trackers': 'quasi_dense_embed_tracker tao_tracker',
    'knet_vis': 'kernel_updator',
    'knet_vis.det': (
        'kernel_head kernel_iter_head kernel_update_head knet mask_hungarian_assigner mask_pseudo_sampler '
        'semantic_fpn_wrapper'
    ),
    'knet_vis.tracker': (
        'kernel_frame_head kernel_frame_iter_head kernel_head kernel_iter_head kernel_update_head '
        'mask_hungarian_assigner positional_encoding semantic_fpn_wrapper3D track'
    ),
}

#: Arguments of models, data sets and transforms that are gone -> what to write instead.
ARGUMENTS: Dict[str, str] = {
    'num_classes': f'leave it out: {_SPACE}',
    'num_thing_classes': f'leave it out: {_SPACE}',
    'num_stuff_classes': f'leave it out: {_SPACE}',
    'kitti_step': "model.label_space='kitti_step'",
    'vipseg': "model.label_space='vipseg'; in a transform leave it out",
    'cityscapes': "model.label_space='cityscapes_panoptic', or 'kitti_step' for Cityscapes-STEP",
    'cityscapes_short': 'leave it out: the data set says which frame is the first of a video',
    'ignore_label': f'leave it out: {_SPACE} and what is void',
    'thing_label_in_seg': f'leave it out: {_SPACE}',
    'do_panoptic': f'leave it out: {_SPACE}, with stuff (panoptic) or without (instances)',
    'cat_stuff_mask': f'leave it out: {_SPACE}, with stuff or without',
    'semantic_fpn': _CONSTANT,
    'merge_joint': 'model.test_cfg.rcnn.merge_joint',
    'with_track': 'leave it out: model.type says whether objects are tracked',
    'track_train_cfg': 'leave it out: tracks are matched as in the last stage',
    'previous': 'leave it out: previous_type and previous_link say whether kernels are linked',
    'previous_x_feat': _CONSTANT,
    'previous_detach': 'gone: nothing in the original sets it',
    'detach_mask_emd': "model.type='VideoKNetQuansiEmbedFC' for embeddings that train no kernels",
    'freeze_detector': 'gone: give its parts lr_mult=0 in optimizer.paramwise_cfg.custom_keys',
    'extra_neck': 'gone: no config of the original uses it',
    'track_localization_fpn': 'gone: no config of the original uses it',
    'pretrained': "model.backbone.init_cfg=dict(type='Pretrained', checkpoint=...)",
    'direct_tracker': 'gone: no config of the original uses it',
    'tracker_num': 'gone: no config of the original uses it',
    'recursive': _CONSTANT,
    'post_assign': _CONSTANT,
    'hard_target': _CONSTANT,
    'conv_kernel_size': _CONSTANT,
    'conv_normal_init': _CONSTANT,
    'xavier_init_kernel': _CONSTANT,
    'kernel_init_std': _CONSTANT,
    'use_binary': _CONSTANT,
    'proposal_feats_with_obj': _CONSTANT,
    'num_loc_convs': _CONSTANT,
    'num_seg_convs': _CONSTANT,
    'num_cls_fcs': _CONSTANT,
    'num_heads': _CONSTANT,
    'feat_refine': _CONSTANT,
    'feat_refine_stride': _CONSTANT,
    'feat_transform_cfg': _CONSTANT,
    'with_embed': _CONSTANT,
    'feat_embed_only': _CONSTANT,
    'att_dropout': _CONSTANT,
    'mask_out_stride': 'model.mask_assign_stride',
    'mask_assign_stride': 'model.mask_assign_stride, once for all heads',
    'out_channels': 'leave it out: kernels have in_channels',
    'dropout': _CONSTANT,
    'mask_thr': _CONSTANT,
    'act_cfg': _CONSTANT,
    'with_ffn': _CONSTANT,
    'ffn_act_cfg': _CONSTANT,
    'bbox_roi_extractor': 'leave it out, except in the types VideoKNetQuansiTrackROIGTBox(JointTrain)',
    'start_level': 'num_levels, counted from the finest level',
    'end_level': 'num_levels, counted from the finest level',
    'cat_coors': _CONSTANT,
    'cat_coors_level': _CONSTANT,
    'fuse_by_cat': _CONSTANT,
    'return_list': _CONSTANT,
    'num_aux_convs': _CONSTANT,
    'with_pred': _CONSTANT,
    'hard_mining': _CONSTANT,
    'pos_margin': _CONSTANT,
    'softmax_temp': _CONSTANT,
    'conv_out_channels': _CONSTANT,
    'return_one_list': _CONSTANT,
    'pred_act': _CONSTANT,
    'input_feat_shape': _CONSTANT,
    'stuff_score_thr': 'leave it out: the original does not read it',
    'ape': 'use_abs_pos_embed',
    'output_img': _CONSTANT,
    'is_instance_only': _DATA,
    'with_depth': 'leave it out: depth is read for scoring only',
    'divisor': _DATA,
    'cherry_pick': _DATA,
    'cherry': _DATA,
    'stuff_num': f'leave it out: {_SPACE}',
    'load_as_video': 'leave it out: the type of the data set says it',
    'key_img_sampler': 'gone: no config of the original uses it',
    'load_all_frames': 'test_mode=True, which means whole videos',
    'nframes_span_test': 'leave it out: whole videos are tested',
    'ref_prefix': 'leave it out: the data set knows its reference frames',
}

#: Types whose names mmdet gives to something else by now -> their names here.
RENAMED: Dict[str, str] = {
    name: f'knet.{name}' for name in ('MaskHungarianAssigner', 'MaskHungarianAssignerVideo', 'DiceCost', 'MaskCost')
}

#: Modules of the classes that stand for those of the original; ``KernelUpdator`` is mmseg's.
_OURS = ('knet', 'mmseg.models.decode_heads.knet_head')
_UNUSED = 'gone: no config of the original uses it'
#: Types that are gone -> why, and what to write instead.
TYPES: Dict[str, str] = {
    'VideoKNetUniTrack': (
        "gone: it needs the appearance network of another project; tracker=dict(type='MaskIoUTracker') associates "
        'masks without training'
    ),
    'VideoKNetFuseTrack': 'gone: a prototype that cannot run; use VideoKNetQuansiEmbedFCJointTrain',
    'VideoKNetFuseROITrack': 'gone: a prototype that cannot run; use VideoKNetQuansiTrackROIGTBoxJointTrain',
    'QueryTrackHead': 'gone: of a prototype that cannot run; use QuasiDenseMaskEmbedHeadGTMask',
    'TrackHeadWithROIAlign': 'gone: of a prototype that cannot run; use QuasiDenseMaskEmbedHeadGTMask',
    'QuasiDenseMaskEmbedHead': 'use QuasiDenseMaskEmbedHeadGTMask',
    'SimpleMaskTracker': 'gone: of a prototype that cannot run; use MaskIoUTracker',
    'TaoTracker': 'gone: no config of the original uses it; use QuasiDenseEmbedTracker',
    'MaskScorePseudoSampler': f'{_UNUSED}; use MaskPseudoSampler',
    'MaskHungarianAssignerWithEmbed': f'{_UNUSED}; use MaskHungarianAssigner',
    'ConvKernelHeadVolume': f'{_UNUSED}; use ConvKernelHeadVideo',
    'SemanticFPNWrapper3D': f'{_UNUSED}; use SemanticFPNWrapper',
    'PositionEmbeddingSine3D': f"{_UNUSED}; query_merge_method='attention_pos' has its own",
    'UperNetAlignHead': _UNUSED,
    'STDCNet813': _UNUSED,
    'STDCNet1446': _UNUSED,
    'SwinTransformerRFP': f'{_UNUSED}; use SwinTransformerDIY',
    'DetectoRS_ResNet_Custom': f"{_UNUSED}; use mmdet's DetectoRS_ResNet",
    'PanopticHead': _UNUSED,
    'SemanticHead': _UNUSED,
    'InstanceMaskHead': _UNUSED,
    'CityscapesDVPSDataset': _UNUSED,
    'CityscapesVPSDatasetTest': 'use CityscapesVPSDataset with test_mode=True',
    'KNetInsAdapter': 'leave it out: masks that a crop empties are dropped when targets are made',
    'SeqColorAug': f'{_UNUSED}; use SeqPhotoMetricDistortion',
    'SeqBlurAug': _UNUSED,
    'SeqRandomCrop': 'use SeqRandomCropWithDepth',
    'LoadRefImageFromFile': _UNUSED,
    'ImageToTensorWithRef': 'use FrameCollect at the end of a test pipeline',
    'ConcatVideos': _UNUSED,
    'MultiImagesToTensor': 'use SeqDefaultFormatBundle',
    'ToList': _UNUSED,
    'ReIDFormatBundle': _UNUSED,
    'LabelConsistentChecker': _UNUSED,
    'MM2CLIP': _UNUSED,
    **{f'mit_b{size}': _UNUSED for size in range(6)},
}


def is_module(name: str) -> bool:
    """Return whether the original has a module or folder of this name in one of its folders that are packages here."""
    folder, _, module = name.rpartition('.')
    return name in MODULES or module in MODULES.get(folder, '').split()


def _accepted(kind: type) -> Set[str]:
    """Return the arguments of a class, through those that hand on their keyword arguments."""
    names: Set[str] = {'type'}
    for base in kind.__mro__:
        if '__init__' not in vars(base):
            continue
        parameters = inspect.signature(vars(base)['__init__']).parameters.values()
        names.update(p.name for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL))
        if not any(p.kind == p.VAR_KEYWORD for p in parameters):
            break
    return names


def _parts(node: Any, path: str) -> Iterator[Tuple[str, Mapping[str, Any]]]:
    """Yield path and settings of every part of a config that has a type."""
    if isinstance(node, Mapping):
        if 'type' in node:
            yield path, node
        for name, value in node.items():
            yield from _parts(value, f'{path}.{name}')
    elif isinstance(node, (list, tuple)):
        for number, value in enumerate(node):
            yield from _parts(value, f'{path}.{number}')


def _class_of(name: Any) -> Optional[type]:
    """Return the class of this project that a type means in a config of the original; None for other projects'."""
    name = name[len('knet.') :] if isinstance(name, str) and name.startswith('knet.') else name
    for types in (KNET_ASSIGNERS, KNET_MATCH_COST, TRANSFORMER_LAYER, MODELS, DATASETS, PIPELINES):
        kind = types.module_dict.get(name)
        if kind is not None:
            return kind if kind.__module__.startswith(_OURS) else None
    return None


def unknown_arguments(section: Any, path: str) -> Dict[str, List[str]]:
    """Return the arguments in a section of a config that the types of this project do not take.

    Args:
        section: Part of a config.
        path: Its dotted key.

    Returns:
        Dotted keys by the name of the argument.
    """
    places: Dict[str, List[str]] = {}
    for place, part in _parts(section, path):
        kind = _class_of(part['type'])
        if kind is not None:
            for name in sorted(set(part) - _accepted(kind)):
                places.setdefault(name, []).append(f'{place}.{name}')
    return places


def what_to_change(section: Any, path: str) -> str:
    """Return what a section of an original config needs, a line per remedy; empty if it has no such arguments."""
    by_remedy: Dict[str, List[str]] = {}
    for place, part in _parts(section, path):
        if part['type'] in RENAMED:
            by_remedy.setdefault(f"'{RENAMED[part['type']]}', as mmdet has another", []).append(f'{place}.type')
    for name, places in unknown_arguments(section, path).items():
        by_remedy.setdefault(ARGUMENTS.get(name, 'not known'), []).extend(places)
    return ''.join(f'\n  {_shortened(places)}: {remedy}' for remedy, places in by_remedy.items())


def _shortened(places: Sequence[str]) -> str:
    """Return dotted keys as text; of those with the same last name the first one, and how many more there are."""
    by_name: Dict[str, List[str]] = {}
    for place in places:
        by_name.setdefault(place.rsplit('.', 1)[-1], []).append(place)
    return ', '.join(same[0] + (f' (and {len(same) - 1} more)' if same[1:] else '') for same in by_name.values())
