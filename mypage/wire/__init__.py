"""Shapes that events of every room share: texts, times, links, residents, the CloudEvents envelope."""
