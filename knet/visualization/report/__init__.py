"""The report of a run: one HTML file that contains everything it shows."""

from knet.visualization.report.page import write_report
from knet.visualization.report.pictures import Clip
from knet.visualization.report.tables import Run

__all__ = ['Clip', 'Run', 'write_report']
