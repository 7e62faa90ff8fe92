"""Pages written in Markdown: text, tables and code, and pictures that stand on a line of their own.

A picture is ``![what it shows](SOURCE)``; SOURCE is ``chart:NAME`` of charts.py, ``drawing:NAME`` of diagrams.py, or
``frames:FILE`` for three frames of a moving picture.
"""

import io
import re
from pathlib import Path
from typing import List, Tuple

import charts
import diagrams
import matplotlib
from fpdf import FPDF, FontFace, TextStyle
from markdown import markdown
from PIL import Image

FOLDER = Path(__file__).resolve().parent
BLUE, GREY = (24, 62, 120), (110, 110, 110)
_FONTS = {'sans': {'': 'DejaVuSans', 'B': 'DejaVuSans-Bold', 'I': 'DejaVuSans-Oblique'}, 'mono': {'': 'DejaVuSansMono'}}
_PICTURE = re.compile(r'^!\[(.*?)\]\((\w+):(\S+)\)$', re.MULTILINE)
_FRAMES = 3


class Pages(FPDF):
    """A document whose text flows in columns.

    Args:
        size: Width and height in millimetres.
        scale: Size of the text relative to a slide.
    """

    def __init__(self, size: Tuple[float, float], scale: float = 1.0) -> None:
        super().__init__(unit='mm', format=size)
        self.scale = scale
        self.set_auto_page_break(False)
        fonts = Path(matplotlib.get_data_path()) / 'fonts' / 'ttf'
        for family, styles in _FONTS.items():
            for style, name in styles.items():
                self.add_font(family, style, str(fonts / f'{name}.ttf'))

    def flow(self, text: str, left: float, top: float, width: float) -> float:
        """Write Markdown into a column of the page.

        Args:
            text: Markdown.
            left: Left edge of the column in millimetres.
            top: Where it begins.
            width: Its width.

        Returns:
            Where it ends.
        """
        self.set_margins(left, 0, self.w - left - width)
        self.set_xy(left, top)
        parts = _PICTURE.split(re.sub(r'<!--.*?-->\n?', '', text))
        for words, alt, kind, name in zip(parts[0::4], [*parts[1::4], ''], [*parts[2::4], ''], [*parts[3::4], '']):
            if words.strip():
                self.set_font('sans', size=13 * self.scale)
                self.write_html(_to_html(words), tag_styles=self._styles(), table_line_separators=True)
            if kind:
                self._picture(kind, name, alt, left, width)
        return self.get_y()

    def _styles(self) -> dict:
        size = self.scale
        sans = dict(font_family='sans')
        return {
            'h1': TextStyle(**sans, font_style='B', font_size_pt=24 * size, color=BLUE, t_margin=0, b_margin=0.3),
            'h2': TextStyle(**sans, font_style='B', font_size_pt=16 * size, color=BLUE, t_margin=0.2, b_margin=0.2),
            'p': TextStyle(**sans, font_size_pt=13 * size, t_margin=0.2, b_margin=0.6),
            'li': TextStyle(**sans, font_size_pt=13 * size, t_margin=1.2 * size, l_margin=6 * size),
            'pre': TextStyle(font_family='mono', font_size_pt=10 * size, t_margin=0.5, b_margin=0.3),
            'code': FontFace(family='mono'),
            'a': FontFace(color=BLUE),
        }

    def _picture(self, kind: str, name: str, alt: str, left: float, width: float) -> None:
        """Place a picture as wide as the column below what is there."""
        top = self.get_y() + 2 * self.scale
        if kind == 'frames':
            gap = 3 * self.scale
            each = (width - gap * (_FRAMES - 1)) / _FRAMES
            for number, frame in enumerate(_frames(FOLDER / name)):
                shown = self.image(frame, left + number * (each + gap), top, each, alt_text=alt)
        else:
            figure = charts.chart(name) if kind == 'chart' else diagrams.DRAWINGS[name]()
            picture = io.BytesIO()
            charts.save(figure, picture)
            shown = self.image(picture, left, top, width, alt_text=alt)
        self.set_xy(left, top + shown.rendered_height + 2 * self.scale)


def _to_html(text: str) -> str:
    """Return the HTML of Markdown, without what fpdf does not draw."""
    html = markdown(text, extensions=['tables', 'fenced_code'])
    # fpdf sets inline code in its own font and has no class attributes.
    html = re.sub(r'<pre><code[^>]*>(.*?)</code></pre>', r'<pre>\1</pre>', html, flags=re.DOTALL)
    return html.replace('<table>', '<table border="1" cellpadding="0.8">').replace('<td>', '<td align="left">')


def _frames(path: Path) -> List[io.BytesIO]:
    """Return frames of a moving picture, evenly spread from the first to the last, as JPEG."""
    found = []
    with Image.open(str(path)) as clip:
        for number in range(_FRAMES):
            clip.seek(round(number * (clip.n_frames - 1) / (_FRAMES - 1)))
            file = io.BytesIO()
            clip.convert('RGB').save(file, 'JPEG', quality=88)
            found.append(file)
    return found
