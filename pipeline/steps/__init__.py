"""The life of a video in reading order: upload.py, task.py or sync.py, write.py. Each step takes a job and returns it
one fact further.
"""
