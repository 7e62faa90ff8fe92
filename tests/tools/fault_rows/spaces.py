"""Faults of label spaces: classes of one's own, and data sets in them."""

import json
from pathlib import Path
from typing import Any, Callable, Dict, List

import numpy as np

from knet.labels import LabelSpace, get_label_space
from knet.layouts.kitti_step import KittiStepGroundTruth
from knet.layouts.vipseg import VIPSegGroundTruth, encode_vipseg
from knet.layouts.vspw import VSPWGroundTruth
from knet.results.panoptic_store import PredictionWriter
from tests.own_classes.painter import MIXED, NO_STUFF, SIZE, Classes, frames, write_kitti_step, write_space
from tests.tools.world import World

from .row import Action, Row


def described(world: World, text: str) -> List[Any]:
    """Score the predictions with a label space of this text."""
    return scored(world, world.file('own.json', text))


def scored(world: World, space: Any) -> List[Any]:
    """Score the predictions with a label space."""
    return ['eval_dstq_step.py', world.predicted, world.street, '--label-space', space]


def space_of(world: World, classes: Classes) -> LabelSpace:
    return write_space(world.tmp / 'own.json', classes)


def classes_text(**change: Any) -> str:
    """Return the JSON of a label space of one class, with something changed."""
    return json.dumps(dict(classes=[{'id': 3, 'name': 'boat', 'kind': 'thing', **change}]))


def own_predictions(world: World, stored: bool = True) -> Action:
    """Score a data set in classes of its own against its ground truth, whose tracks have other numbers."""
    space = space_of(world, NO_STUFF)
    write_kitti_step(world.tmp / 'data', space)
    (world.tmp / 'out').mkdir()
    with PredictionWriter(world.tmp / 'result', {}, label_space=space if stored else None) as writer:
        for video, frame, semantic, instance, _ in frames(space, 'val'):
            writer.write(video, frame, semantic, np.where(instance > 0, 40 - instance, 0))
    options = [] if stored else ['--label-space', world.tmp / 'own.json']
    scores = world.tmp / 'out/stq.json'
    return ['eval_dstq_step.py', world.tmp / 'result', world.tmp / 'data', *options, '--json', scores]


def expect_perfect(world: World, _: Any) -> None:
    scores: Dict[str, Any] = json.loads((world.tmp / 'out/stq.json').read_text())
    assert (scores['STQ'], scores['AQ'], scores['SQ']) == (1.0, 1.0, 1.0)
    assert [found['name'] for found in scores['per_class'].values()] == ['boat', 'buoy', 'gull']


def built(world: World, classes: Classes, unassigned: str) -> List[Any]:
    """Begin to train a model with classes of its own."""
    space_of(world, classes)
    rcnn = f'model.test_cfg.rcnn.unassigned={unassigned}'
    return world.train('--no-validate', '--cfg-options', f'model.label_space={world.tmp / "own.json"}', rcnn)


def disagreeing(world: World, part: str) -> List[Any]:
    """Begin to train a model on a data set in other classes."""
    space_of(world, MIXED)
    option = '--cfg-options', f'data.{part}.label_space={world.tmp / "own.json"}'
    return world.train('--work-dir', world.tmp / 'out/run', *option)


def resumed_in_other_classes(world: World) -> Action:
    PredictionWriter(world.tmp / 'result', {}, label_space=get_label_space('kitti_step'))
    space = space_of(world, MIXED)
    return lambda: PredictionWriter(world.tmp / 'result', {}, label_space=space)


def with_space(world: World, classes: Classes, function: Callable[[LabelSpace], Any]) -> Action:
    space = space_of(world, classes)
    return lambda: function(space)


def partly_read(world: World) -> Action:
    """Read ground truth in one of three classes."""
    write_kitti_step(world.tmp / 'data', space_of(world, MIXED))
    own: Dict[str, Any] = dict(base=str(world.tmp / 'own.json'), keep=['boat'])
    return lambda: KittiStepGroundTruth(world.tmp / 'data', 'val', own).read(9, 0)


def expect_boats(world: World, maps: Any) -> None:
    semantic, instance = maps
    assert set(np.unique(semantic)) == {1, 255} and set(np.unique(instance)) == {0, 1, 2}
    assert not instance[semantic == 255].any()


def clip(world: World) -> List[Any]:
    """Convert labelled frames of other classes than those of Cityscapes."""
    space, root = space_of(world, NO_STUFF), world.tmp / 'data'
    write_kitti_step(root, space)
    for kind in ('leftImg8bit', 'panoptic'):
        (world.tmp / kind).mkdir()
        for path in sorted(Path(root, 'video_sequence/val').glob(f'*_{kind}.png')):
            path.rename(world.tmp / kind / f'{path.name.split("_")[1]}.png')
    names = ['--images', world.tmp / 'leftImg8bit', '--panoptic', world.tmp / 'panoptic', '--dst', world.tmp / 'out']
    return ['dataset/frames_to_kitti_step.py', *names, '--val', '0-2', '--label-space', world.tmp / 'own.json']


STUFF_ABOVE = (('boat', 'thing', 0), ('water', 'stuff', 120))
CATEGORY = '{"images": [], "categories": [{"id": 1203, "name": "zucchini"}]}'

ROWS = [
    Row('own classes scored from the command line, which names no label space', own_predictions, expect=expect_perfect),
    Row('own classes of predictions that do not name them', lambda w: own_predictions(w, False), expect=expect_perfect),
    Row(
        'another label space than that of the predictions',
        lambda w: described(w, classes_text()),
        error='predictions of label space .kitti_step.; leave out --label-space',
    ),
    Row('a misspelt label space', lambda w: scored(w, 'kiti_step'), error='did you mean kitti_step'),
    Row('a file of a label space that is absent', lambda w: scored(w, 'absent.json'), error='absent.json: there is no'),
    Row('a label space that is no JSON', lambda w: described(w, '{"classes": ['), error=r'own\.json: this is no JSON'),
    Row('JSON that is no label space', lambda w: described(w, '[1]'), error=r'own\.json: .*no description of a label'),
    Row('a label space with an unknown key', lambda w: described(w, '{"classes": [], "viod": 0}'), error='key .viod.'),
    Row('a misspelt kind', lambda w: described(w, classes_text(kind='things')), error='.boat. has kind .things.'),
    Row('an id above 254', lambda w: described(w, classes_text(id=255)), error=r'boat.* 0\.\.254.*not 255'),
    Row('a text for an id', lambda w: described(w, classes_text(id='3')), error=r'whole number .*not .3.'),
    Row('a colour of four numbers', lambda w: described(w, classes_text(colour=[1, 2, 3, 4])), error='three numbers'),
    Row('a category id above 254', lambda w: described(w, CATEGORY), error=r'own\.json: .*zucchini.*1203'),
    Row('a label space without a class', lambda w: described(w, '{"classes": []}'), error='has no class'),
    Row(
        'own classes under the name of a benchmark',
        lambda w: described(w, json.dumps({**json.loads(classes_text()), 'name': 'kitti_step'})),
        error='kitti_step.*other classes.*rename',
    ),
    Row(
        'a class to keep that is absent',
        lambda w: described(w, '{"base": "kitti_step", "keep": ["cra"]}'),
        error='has no class .cra.; it has road',
    ),
    Row('unassigned pixels as absent stuff', lambda w: built(w, NO_STUFF, 'stuff'), error="no stuff; set it to 'void'"),
    Row('pixels of no segment as an absent class 0', lambda w: built(w, NO_STUFF, 'class0'), error='no stuff class'),
    Row(
        'pixels of no segment as class 0, which is no stuff',
        lambda w: built(w, MIXED, 'class0'),
        error="no stuff class with id 0; set it to 'void' or 'stuff'",
    ),
    Row(
        'training in other classes than the model',
        lambda w: disagreeing(w, 'train.dataset'),
        error='the model predicts .*kitti_step.*must agree',
    ),
    Row(
        'validation in other classes than the model',
        lambda w: disagreeing(w, 'val'),
        error='the model predicts .*kitti_step.*must agree',
    ),
    Row('a result folder with other classes', resumed_in_other_classes, error='holds results in other classes'),
    Row('a data set in some of its classes', partly_read, expect=expect_boats),
    Row(
        'classes that share a value in label maps of VIPSeg',
        lambda w: with_space(w, STUFF_ABOVE, VIPSegGroundTruth.decoder),
        error='value 121 would be .boat. and .water.*stuff ids below 99',
    ),
    Row(
        'more things of a class than label maps of VIPSeg hold',
        lambda w: with_space(w, NO_STUFF, lambda s: encode_vipseg(np.full(SIZE, 3), np.full(SIZE, 101), s)),
        error='instance 101 .*100 things',
    ),
    Row(
        'an id that masks of VSPW cannot hold',
        lambda w: with_space(w, (('water', 'stuff', 254),), VSPWGroundTruth.decoder),
        error=r'hold class \+ 1: use ids 0\.\.253',
    ),
    Row('a clip with classes of its own', clip, expect=lambda w, text: None),
]
