"""Pure byte codecs of the parts that hang on a node; bytes in, values out, no I/O."""
