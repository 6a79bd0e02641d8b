"""How fast is it on this machine? What `autograd-mini bench` measures, and beside whom.

`rows` says what is computed, `contenders` who computes it (a library a file), `measure` how it is
checked and then timed, `goals` what is to be reached. No other room needs this one.
"""
