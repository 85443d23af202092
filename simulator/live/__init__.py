"""The live hall: real sockets, real time, a page in the browser to press and to break."""
