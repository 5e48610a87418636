-- Makes room for the tables of the present version.

ALTER TABLE jobs RENAME TO jobs_1;
ALTER TABLE sources RENAME TO sources_1;
ALTER TABLE answers RENAME TO answers_1;
DROP INDEX jobs_by_state;
DROP INDEX sources_by_source;
DROP INDEX sources_by_run;
