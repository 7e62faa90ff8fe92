"""The repairs of knet.utils.compat: each one works, and only where it is needed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

import knet
from knet.utils import compat, torch_ops

pytestmark = pytest.mark.slow

REPO = Path(__file__).resolve().parents[2]
lite_only = pytest.mark.skipif(compat.has_compiled_ops(), reason='mmcv has compiled ops here')
full_only = pytest.mark.skipif(not compat.has_compiled_ops(), reason='mmcv has no compiled ops here')


def run_python(code: str, **env: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, '-c', code],
        env={**os.environ, **env},
        cwd=REPO,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_plugin_is_silent_and_registers() -> None:
    done = run_python('import knet.plugin; from mmdet.models import DETECTORS; print("KNet" in DETECTORS)')
    assert done.returncode == 0 and done.stdout == 'True\n', done.stdout


def test_import_is_light() -> None:
    code = (
        'import sys, knet; print(knet.__version__, any(m in sys.modules for m in ("torch", "mmcv", "mmdet", "numpy")))'
    )
    done = run_python(code)
    assert done.stdout == f'{knet.__version__} False\n'


def test_import_registers_nothing() -> None:
    code = 'from knet.utils import compat; compat.apply(); import knet; from mmdet.models import DETECTORS'
    assert run_python(f'{code}; print("KNet" in DETECTORS)').stdout == 'False\n'


def test_public_names_exist() -> None:
    assert {'VideoSegmenter', 'load_config', 'init_model', 'train', 'LabelSpace'} <= set(dir(knet))
    assert all(getattr(knet, name) is not None for name in knet.__all__)
    with pytest.raises(AttributeError, match='no attribute .absent.'):
        getattr(knet, 'absent')  # noqa: B009


@pytest.mark.parametrize('imports, told', [('["knet"]', True), ('["knet.det.knet"]', True), ('["knet.plugin"]', False)])
def test_another_programs_loader_names_the_remedy(imports: str, told: bool) -> None:
    code = 'from knet.utils import compat; compat.apply(); import sys; del sys.modules["knet"]'
    done = run_python(f'{code}; from mmcv.utils import import_modules_from_strings as load; load({imports})')
    assert done.returncode == 0 and ("write imports=['knet.plugin']" in done.stdout) is told, done.stdout


def test_a_second_apply_changes_nothing() -> None:
    ext = sys.modules['mmcv._ext']
    assert not any([compat.provide_ops(), compat.repair_copy_streams()])
    assert sys.modules['mmcv._ext'] is ext


def test_wrong_version_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import mmcv.version

    monkeypatch.setattr(mmcv.version, '__version__', '2.1.0')
    with pytest.raises(ImportError, match=r'needs mmcv 1\.7\.2 and found 2\.1\.0.*install'):
        compat.check_versions()


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, 'mmseg', None)
    monkeypatch.delitem(sys.modules, 'mmseg.version', raising=False)
    with pytest.raises(ImportError, match=r'needs mmseg 0\.30\.0.*install'):
        compat.check_versions()


@pytest.mark.parametrize(
    'error, message',
    [
        ('ImportError("undefined symbol: _ZN3c10")', 'do not fit the installed torch: undefined symbol'),
        ('ModuleNotFoundError("No module named x", name="x")', 'No module named x'),
    ],
)
def test_broken_ops_are_not_taken_for_missing(error: str, message: str) -> None:
    done = run_python(
        f"""
import importlib
from knet.utils import compat
real = importlib.import_module
def fake(name):
    if name == "mmcv._ext":
        raise {error}
    return real(name)
compat.importlib.import_module = fake
compat.apply()
"""
    )
    assert done.returncode != 0 and message in done.stdout


@lite_only
def test_missing_op_names_itself_and_the_mend() -> None:
    from mmcv.ops import ModulatedDeformConv2d

    conv = ModulatedDeformConv2d(4, 4, 3, padding=1)
    image = torch.rand(1, 4, 8, 8)
    with pytest.raises(torch_ops.MissingCompiledOp, match=r'"modulated_deform_conv_forward".*install\.sh --full'):
        conv(image, torch.rand(1, 18, 8, 8), torch.rand(1, 9, 8, 8))


@lite_only
def test_environment_report_works_and_ops_count_as_missing() -> None:
    from mmcv.utils.ext_loader import check_ops_exist
    from mmdet.utils import collect_env

    assert 'without compiled ops' in collect_env()['MMCV Compiler']
    assert not check_ops_exist()


@full_only
def test_compiled_ops_are_left_alone() -> None:
    assert not compat.provide_ops()
    assert not any(vars(sys.modules['mmcv._ext']).get(name) is route for name, route in torch_ops.routes().items())


@lite_only
def test_focal_loss_op_equals_mmdets_formula() -> None:
    """The path that mmdet's FocalLoss takes on CUDA, forward and backward, equals its path on the CPU."""
    from mmdet.models.losses.focal_loss import py_sigmoid_focal_loss, sigmoid_focal_loss

    generator = torch.Generator().manual_seed(0)
    logits = 4 * torch.randn(12, 5, generator=generator)
    target = torch.randint(0, 6, (12,), generator=generator)  # 5 is background
    weight = torch.rand(12, generator=generator)
    a, b = logits.clone().requires_grad_(), logits.clone().requires_grad_()
    loss = sigmoid_focal_loss(a, target, weight, gamma=2.0, alpha=0.25, avg_factor=3)
    expected = py_sigmoid_focal_loss(b, F.one_hot(target, 6)[:, :5], weight, gamma=2.0, alpha=0.25, avg_factor=3)
    torch.testing.assert_close(loss, expected)
    loss.backward()
    expected.backward()
    torch.testing.assert_close(a.grad, b.grad)


@lite_only
def test_focal_loss_weight_goes_by_target_class() -> None:
    from mmcv.ops import sigmoid_focal_loss

    logits = torch.zeros(3, 2)
    loss = sigmoid_focal_loss(logits, torch.tensor([0, 1, 2]), 2.0, 0.25, torch.tensor([10.0, 1.0]), 'none')
    torch.testing.assert_close(loss[0], 10 * loss[1].flip(0))
    assert loss[2].gt(0).all()  # background


def test_nms_with_both_box_conventions() -> None:
    from mmcv.ops import nms

    boxes = torch.tensor([[0.0, 0.0, 9.0, 9.0], [0.0, 0.0, 9.0, 4.0], [20.0, 20.0, 29.0, 29.0]])
    scores = torch.tensor([0.5, 0.9, 0.8])
    # Widths of 10 pixels make the overlap 50/100; without the offset it is 36/81 = 0.44.
    for threshold, offset, kept in ((0.47, 1, [1, 2]), (0.47, 0, [1, 2, 0]), (0.40, 0, [1, 2])):
        dets, indices = nms(boxes, scores, threshold, offset=offset)
        assert indices.tolist() == kept
        torch.testing.assert_close(dets[:, 4], scores[kept])


def test_roi_align_pools_and_differentiates() -> None:
    from mmcv.ops import RoIAlign

    ramp = torch.arange(8.0).expand(1, 2, 8, 8).clone().requires_grad_()
    rois = torch.tensor([[0.0, 0.0, 0.0, 8.0, 8.0], [0.0, 4.0, 0.0, 8.0, 8.0]])
    pooled = RoIAlign((2, 2), spatial_scale=0.5, sampling_ratio=2)(ramp, rois)
    assert pooled.shape == (2, 2, 2, 2)
    # Pixel centres lie at +0.5: the mean of a linear ramp over [a, b) is (a + b) / 2 - 0.5.
    torch.testing.assert_close(pooled[1, 0], torch.tensor([[2.0, 3.0], [2.0, 3.0]]))
    pooled.sum().backward()
    assert ramp.grad.sum().item() == pytest.approx(16)  # each of 2*2*4 outputs is a weighted mean


@lite_only
def test_roi_max_pooling_says_what_it_needs() -> None:
    from mmcv.ops import RoIAlign

    with pytest.raises(NotImplementedError, match='mmcv-full'):
        RoIAlign((2, 2), pool_mode='max')(torch.rand(1, 1, 8, 8), torch.tensor([[0.0, 0.0, 0.0, 4.0, 4.0]]))


@lite_only
def test_deformable_attention_op_equals_the_torch_function() -> None:
    """The path that MultiScaleDeformableAttention takes on CUDA, forward and backward."""
    from mmcv.ops.multi_scale_deform_attn import MultiScaleDeformableAttnFunction, multi_scale_deformable_attn_pytorch

    generator = torch.Generator().manual_seed(0)
    shapes = torch.tensor([[4, 6], [2, 3]])
    inputs = [
        torch.rand(2, 30, 2, 4, generator=generator),
        torch.rand(2, 5, 2, 2, 3, 2, generator=generator),
        torch.rand(2, 5, 2, 2, 3, generator=generator),
    ]
    ours = [x.clone().requires_grad_() for x in inputs]
    theirs = [x.clone().requires_grad_() for x in inputs]
    out = MultiScaleDeformableAttnFunction.apply(ours[0], shapes, torch.tensor([0, 24]), ours[1], ours[2], 64)
    expected = multi_scale_deformable_attn_pytorch(theirs[0], shapes, theirs[1], theirs[2])
    torch.testing.assert_close(out, expected)
    out.square().sum().backward()
    expected.square().sum().backward()
    for a, b in zip(ours, theirs):
        torch.testing.assert_close(a.grad, b.grad)


def test_copy_streams_accept_device_numbers() -> None:
    from mmcv.parallel import _functions

    assert _functions._get_stream(-1) is None


@pytest.fixture
def gloo(tmp_path: Path):
    torch.distributed.init_process_group('gloo', init_method=f'file://{tmp_path}/store', rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()


def test_ddp_forward_on_the_cpu(gloo: None) -> None:
    from mmcv.parallel import MMDistributedDataParallel

    model = MMDistributedDataParallel(torch.nn.Linear(3, 1))
    model(torch.ones(2, 3)).sum().backward()
    assert model.module.weight.grad.tolist() == [[2, 2, 2]]
