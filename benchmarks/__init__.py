"""How fast is it? `python -m benchmarks` is `autograd-mini bench`; `pages` measures pages."""
