"""``python -m knet`` is ``video-knet``."""

from knet.cli.main import main

if __name__ == '__main__':
    main()
