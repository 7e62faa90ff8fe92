"""Build slides/video_knet.pdf from slides/video_knet.md.

    pip install -r requirements/docs.txt
    python slides/build.py

A line of three dashes begins a new slide. Headings, lists, tables, code and pictures are Markdown's.
"""

import re
from pathlib import Path
from typing import Tuple

import matplotlib
from fpdf import FPDF, FontFace, TextStyle
from markdown import markdown

FOLDER = Path(__file__).resolve().parent
#: Millimetres; a page of a 16:9 screen.
SIZE: Tuple[float, float] = (254.0, 142.9)
MARGIN = 14.0
BLUE, GREY = (24, 62, 120), (110, 110, 110)
FONTS = {'sans': {'': 'DejaVuSans', 'B': 'DejaVuSans-Bold', 'I': 'DejaVuSans-Oblique'}, 'mono': {'': 'DejaVuSansMono'}}


class Deck(FPDF):
    """Pages of one size with a number in the corner."""

    def __init__(self) -> None:
        super().__init__(orientation='landscape', unit='mm', format=(SIZE[1], SIZE[0]))
        self.set_margins(MARGIN, MARGIN - 4)
        self.set_auto_page_break(False)
        fonts = Path(matplotlib.get_data_path()) / 'fonts' / 'ttf'
        for family, styles in FONTS.items():
            for style, name in styles.items():
                self.add_font(family, style, str(fonts / f'{name}.ttf'))

    def footer(self) -> None:
        """Print the number of the page; fpdf calls it."""
        self.set_y(-9)
        self.set_font('sans', size=8)
        self.set_text_color(*GREY)
        self.cell(0, 5, f'Video K-Net, rebuilt · {self.page_no()}', align='R')
        self.set_text_color(0, 0, 0)


def to_html(text: str) -> str:
    """HTML of one slide, without what fpdf does not draw."""
    html = markdown(re.sub(r'<!--.*?-->\n?', '', text), extensions=['tables', 'fenced_code'])
    # fpdf sets inline code in its own font and has no class attributes; pictures are given from this folder.
    html = re.sub(r'<pre><code[^>]*>(.*?)</code></pre>', r'<pre>\1</pre>', html, flags=re.DOTALL)
    html = html.replace('<table>', '<table border="1" cellpadding="0.8">').replace('<td>', '<td align="left">')
    return re.sub(r'src="(?!/)([^"]*)"', lambda m: f'src="{FOLDER / m.group(1)}"', html)


def main() -> None:
    """Read, draw, write."""
    deck = Deck()
    styles = {
        'h1': TextStyle(font_family='sans', font_style='B', font_size_pt=24, color=BLUE, t_margin=0, b_margin=0.3),
        'h2': TextStyle(font_family='sans', font_style='B', font_size_pt=16, color=BLUE, t_margin=0.2, b_margin=0.2),
        'p': TextStyle(font_family='sans', font_size_pt=13, t_margin=0.2, b_margin=0.6),
        'li': TextStyle(font_family='sans', font_size_pt=13, t_margin=1.2, l_margin=6),
        'pre': TextStyle(font_family='mono', font_size_pt=10, t_margin=0.5, b_margin=0.3),
        'code': FontFace(family='mono'),
        'a': FontFace(color=BLUE),
    }
    for slide in re.split(r'^---$', (FOLDER / 'video_knet.md').read_text(encoding='utf-8'), flags=re.MULTILINE):
        deck.add_page()
        # Lists and tables take the size of the page, and only tables need it small.
        deck.set_font('sans', size=10.5 if '|---' in slide else 13)
        deck.write_html(to_html(slide), tag_styles=styles, table_line_separators=True)
        if deck.get_y() > SIZE[1] - 8:
            print(f'slide {deck.page_no()} is too long')
    deck.output(str(FOLDER / 'video_knet.pdf'))
    print(FOLDER / 'video_knet.pdf')


if __name__ == '__main__':
    main()
