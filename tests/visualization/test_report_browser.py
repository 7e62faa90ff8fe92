"""The report in a real browser: on a phone and on a screen nothing is cut, nothing fails, and the clips play."""

import json
import re
import shutil
import subprocess
import sys
from html import unescape
from pathlib import Path
from typing import Any, Dict

import pytest

from knet.visualization.video import h264_program
from tests.visualization.report_world import report_options

REPO = Path(__file__).resolve().parents[2]
BROWSER = next(filter(None, map(shutil.which, ('chromium', 'chromium-browser', 'google-chrome'))), None)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.process,
    pytest.mark.skipif(BROWSER is None, reason='no Chromium'),
    pytest.mark.skipif(h264_program() is None, reason='no encoder of H.264'),
]

#: The page stands in a frame, because a window is never as narrow as a phone. What is measured is written into the
#: outer document, which the browser prints.
OUTER = """<!doctype html><body><pre id="measured"></pre><iframe style="width:%dpx;height:900px;border:0"></iframe>
<script>document.querySelector('iframe').srcdoc = %s</script></body>"""
MEASURE = """<script>addEventListener('load', async () => {
    const root = document.documentElement, videos = [...document.querySelectorAll('video')];
    for (const video of videos)
        for (let i = 0; i < 200 && video.readyState < 2; i++) await new Promise(done => setTimeout(done, 50));
    document.querySelectorAll('details').forEach(part => part.open = true);
    const lines = e => e.getBoundingClientRect().height / parseFloat(getComputedStyle(e).lineHeight);
    const inside = e => e.getBoundingClientRect().right <= root.clientWidth + 0.5;
    parent.document.querySelector('#measured').textContent = JSON.stringify({
        width: innerWidth, content: root.scrollWidth, room: root.clientWidth,
        background: getComputedStyle(document.body).backgroundColor,
        lines: Math.max(...[...document.querySelectorAll('td, th, dt, li')].map(lines)),
        cut: [...document.querySelectorAll('img, video, svg, table, .timeline, dd')].filter(e => !inside(e))
            .map(e => e.tagName + ' ' + e.innerText),
        nameless: document.querySelectorAll('img:not([alt]), svg:not([aria-label]), video:not([aria-label])').length,
        videos: videos.map(v => [v.canPlayType('video/mp4; codecs="avc1.640028"'), v.readyState, v.duration, v.controls,
                                 v.poster.length > 99]),
    });
});</script>"""


@pytest.fixture(scope='module')
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('report')
    command = [sys.executable, str(REPO / 'tools/report.py'), *report_options(folder, folder / 'report.html')]
    subprocess.run(command, check=True, capture_output=True)
    return folder / 'report.html'


def measure(page: Path, width: int, *options: str) -> Dict[str, Any]:
    """Return what a browser measures on a copy of a page; a message on its console is a failure."""
    inner = page.read_text(encoding='utf-8').replace('</body>', MEASURE + '</body>')
    outer = page.with_name(f'outer_{width}.html')
    outer.write_text(OUTER % (width, json.dumps(inner).replace('</', '<\\/')), encoding='utf-8')
    assert BROWSER is not None
    profile = f'--user-data-dir={page.parent / "profile"}'
    flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--enable-logging=stderr', profile]
    command = [BROWSER, *flags, '--virtual-time-budget=30000', *options, '--dump-dom', outer.as_uri()]
    done = subprocess.run(command, capture_output=True, timeout=120)
    assert b'CONSOLE' not in done.stderr, done.stderr.decode(errors='replace')
    found = re.search(r'<pre id="measured">(\{.*?\})</pre>', done.stdout.decode('utf-8'))
    assert found is not None, 'the browser measured nothing'
    return json.loads(unescape(found.group(1)))


@pytest.mark.parametrize('width', [390, 1280])
def test_nothing_is_cut_and_clips_play(page: Path, width: int) -> None:
    found = measure(page, width)
    assert found['width'] == width and found['content'] <= found['room']
    assert not found['cut'] and found['nameless'] == 0
    # Words of a cell stand below each other, never letters.
    assert found['lines'] <= 3.5
    assert len(found['videos']) == 2
    for playable, ready, duration, controls, poster in found['videos']:
        assert playable and ready >= 2 and duration > 0 and controls and poster


def test_the_page_is_dark_for_those_who_want_it(page: Path) -> None:
    shades = [measure(page, 391, f'--blink-settings=preferredColorScheme={scheme}')['background'] for scheme in (0, 1)]
    dark, light = (sum(map(int, re.findall(r'\d+', shade)[:3])) / 3 for shade in shades)
    assert dark < 60 and light > 200


def test_a_message_on_the_console_is_seen(page: Path) -> None:
    broken = page.with_name('broken.html')
    broken.write_text('<!doctype html><body><script>nothing()</script></body>')
    with pytest.raises(AssertionError, match='nothing is not defined'):
        measure(broken, 400)
