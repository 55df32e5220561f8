"""The platform's configuration: read in layers, checked, compared, and taken over while the platform runs.

Layers, weakest first: the defaults of ``apex.settings``, ``apex/environments/base.toml``,
``apex/environments/<environment>.toml``, the deployment's file (``--config``), a directory of secrets (``--secrets``:
one file a value, named by its key as ``database__url``), and environment variables such as ``APEX_DATABASE__URL``.
``python -m apex.config`` validates, shows and compares configurations.
"""
