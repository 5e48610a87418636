"""The life of a video in reading order: upload.py, task.py or sync.py or batch.py, write.py. Each step takes a job and
returns it one fact further.

A batch: gathering.py (who shares one, by packing.py), sending.py (once, and the rest where one is refused),
collecting.py (what became of each), traces.py (what a killed run may have sent).
"""
