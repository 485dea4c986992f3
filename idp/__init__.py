"""The provider: who you are.

`idp.front` is what the rest of the product may use; everything else is private to the provider, and the import contract in the test
run holds that.
"""
