# NAME: linuxkit
# SUMMARY: the golden tree
