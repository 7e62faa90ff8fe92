"""Build the slides and the poster from their Markdown, and the drawings as SVG.

    pip install -r requirements/docs.txt
    python slides/build.py

Writes slides/video_knet.pdf from slides/video_knet.md, where a line of three dashes begins a new slide,
slides/poster.pdf from slides/poster.md, where it begins a new panel, and figs/kernel_life.svg and figs/code_map.svg.
The charts are drawn from results/*.csv and slides/speed.csv.
"""

import io
import re
from pathlib import Path
from typing import List

import charts
import diagrams
from pages import BLUE, FOLDER, GREY, Pages

#: Millimetres; a page of a 16:9 screen, and a sheet of A2.
SLIDE, POSTER = (254.0, 142.9), (420.0, 594.0)
MARGIN = 14.0


class Deck(Pages):
    """Slides with a number in the corner."""

    def footer(self) -> None:
        """Print the number of the page; fpdf calls it."""
        self.set_y(-9)
        self.set_font('sans', size=8)
        self.set_text_color(*GREY)
        self.cell(0, 5, f'Video K-Net, rebuilt · {self.page_no()}', align='R')
        self.set_text_color(0, 0, 0)


def parts_of(name: str) -> List[str]:
    """Return the parts of a Markdown file between lines of three dashes."""
    text = (FOLDER / name).read_text(encoding='utf-8')
    return [part.strip() for part in re.split(r'^---$', text, flags=re.MULTILINE)]


def build_slides(path: Path) -> None:
    """Write one page per part."""
    deck = Deck(SLIDE)
    for part in parts_of('video_knet.md'):
        deck.add_page()
        end = deck.flow(part, MARGIN, MARGIN - 4, SLIDE[0] - 2 * MARGIN)
        if end > SLIDE[1] - 8:
            print(f'slide {deck.page_no()} is too long: {end:.0f} mm of {SLIDE[1] - 8:.0f}')
    deck.output(str(path))


def build_poster(path: Path) -> None:
    """Write the first part as the head of a sheet, then panels: of the full width, or two beside each other.

    A part that ends with a line ``|`` stands to the left of the next one.
    """
    head, *panels = parts_of('poster.md')
    sheet = Pages(POSTER, scale=1.25)
    sheet.add_page()
    width = POSTER[0] - 2 * MARGIN
    top = sheet.flow(head, MARGIN, MARGIN, width) + 3
    sheet.set_draw_color(*BLUE)
    sheet.set_line_width(0.8)
    left, ends = MARGIN, [top]
    for panel in panels:
        beside = panel.endswith('\n|') or left > MARGIN
        room = (width - 12) / 2 if beside else width
        if left == MARGIN:
            top = max(ends) + 4
            sheet.line(MARGIN, top, MARGIN + width, top)
            ends = []
        ends.append(sheet.flow(panel[:-1] if panel.endswith('\n|') else panel, left, top + 5, room))
        left = MARGIN + room + 12 if panel.endswith('\n|') else MARGIN
    if max(ends) > POSTER[1] - 8:
        print(f'the poster is too long: {max(ends):.0f} mm of {POSTER[1] - 8:.0f}')
    sheet.output(str(path))


def main() -> None:
    """Draw and write everything."""
    for name, draw in diagrams.DRAWINGS.items():
        picture = io.BytesIO()
        charts.save(draw(), picture)
        lines = [line.rstrip() for line in picture.getvalue().decode('utf-8').splitlines()]
        (FOLDER.parent / 'figs' / f'{name}.svg').write_text('\n'.join(lines) + '\n', encoding='utf-8')
    for file, build in (('video_knet.pdf', build_slides), ('poster.pdf', build_poster)):
        build(FOLDER / file)
        print(FOLDER / file)


if __name__ == '__main__':
    main()
