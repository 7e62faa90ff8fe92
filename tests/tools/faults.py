"""A data set that fails in one process of a job; config files import it through ``custom_imports``."""

import os
import signal
from typing import Any, Dict

from mmdet.datasets import DATASETS

from knet.datasets.kitti_step_dvps import KITTISTEPDVPSDataset


@DATASETS.register_module()
class FailingStreet(KITTISTEPDVPSDataset):
    """Serves some samples; then it raises, or its process is killed."""

    def __init__(self, *args: Any, rank: int, after: int, how: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.failing = int(os.environ.get('RANK', 0)) == rank
        self.left, self.how = after, how

    def __getitem__(self, index: int) -> Dict[str, Any]:
        self.left -= 1
        if self.failing and self.left < 0:
            if self.how == 'kill':
                os.kill(os.getpid(), signal.SIGKILL)
            raise ValueError(f'{self.records[index].image}: broken on purpose')
        return super().__getitem__(index)
