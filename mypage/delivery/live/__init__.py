"""The live channel: every posting goes through the journal to the open pages of its resident, which fetch what changed.

The web server installs `fanout`, `look` and `stream`; `machi live` is `serve`, and loads none of the three.
"""
