# SUMMARY: a group with a label
# LABELS: slow
