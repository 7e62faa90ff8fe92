"""Rung 3 of the ladder with the variants of link_variants.py registered; linking.py chooses among them."""

_base_ = '../../configs/toy/ladder/3_link.py'
custom_imports = dict(imports=['knet.plugin', 'link_variants'])
