# Video K-Net in a container; docs/install.md has the commands that build and run it.
#   docker build -t video-knet .                                                              # CPU
#   docker build -t video-knet:cuda --build-arg BASE=pytorch/pytorch:2.9.1-cuda13.0-cudnn9-runtime .   # GPUs
# The base has Python 3.8 to 3.14 and, for GPUs, PyTorch for its CUDA; without PyTorch the one named by TORCH is installed.
ARG BASE=python:3.12-slim
FROM ${BASE}
ARG TORCH="torch>=2.0 torchvision>=0.15"
ARG TORCH_INDEX=
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_BREAK_SYSTEM_PACKAGES=1
WORKDIR /video-knet
COPY . .
RUN python -c "import torch, torchvision" 2>/dev/null || pip install ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} ${TORCH}
# The torch of the base stays: a newer one would be for another CUDA.
RUN python -c "from importlib.metadata import version; print('torch==' + version('torch'))" >constraints.txt \
    && pip install "setuptools<81" wheel \
    && pip install --no-build-isolation -c constraints.txt . \
    && python -m knet setup \
    && rm -rf build *.egg-info constraints.txt
WORKDIR /workspace
ENTRYPOINT ["video-knet"]
CMD ["--help"]
