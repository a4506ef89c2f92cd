# SUMMARY: applications
# LABELS:
