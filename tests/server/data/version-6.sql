BEGIN TRANSACTION;
CREATE TABLE entries (
	photo_id INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	body TEXT NOT NULL, author VARCHAR(64), key VARCHAR(64), 
	PRIMARY KEY (photo_id, position), 
	FOREIGN KEY(photo_id) REFERENCES photos (id)
);
INSERT INTO "entries" VALUES(1,0,'{"kind":"add_region","region":1,"extreme_points":[[1,2],[8,3],[4,0],[5,7]],"label":"cat"}',NULL,NULL);
INSERT INTO "entries" VALUES(1,1,'{"kind":"scribble","region":1,"points":[[3,3],[6,6]]}',NULL,NULL);
INSERT INTO "entries" VALUES(1,2,'{"kind":"add_region","region":2,"extreme_points":[[0,2],[9,3],[4,1],[5,8]],"label":null}',NULL,NULL);
INSERT INTO "entries" VALUES(2,0,'{"kind":"add_region","region":1,"extreme_points":[[0,1],[3,1],[1,0],[2,2]],"label":"sky"}',NULL,NULL);
CREATE TABLE label_maps (
	photo_id INTEGER NOT NULL, 
	png BLOB NOT NULL, 
	model VARCHAR(64) NOT NULL, author VARCHAR(64), 
	PRIMARY KEY (photo_id), 
	FOREIGN KEY(photo_id) REFERENCES photos (id)
);
INSERT INTO "label_maps" VALUES(2,X'89504E470D0A1A0A0000000D4948445200000004000000031000000000C10F2D590000001649444154081D6364800246064606306064606400030000680006E36C8A130000000049454E44AE426082','m',NULL);
CREATE TABLE labelled (photo_id INTEGER NOT NULL REFERENCES photos (id),
        label VARCHAR(200) NOT NULL, PRIMARY KEY (photo_id, label));
INSERT INTO "labelled" VALUES(1,'cat');
INSERT INTO "labelled" VALUES(2,'sky');
CREATE TABLE labels (
	id INTEGER NOT NULL, 
	name VARCHAR(200) NOT NULL, 
	isthing BOOLEAN NOT NULL, 
	color VARCHAR(11) NOT NULL, deleted BOOLEAN NOT NULL DEFAULT FALSE, 
	PRIMARY KEY (id), 
	UNIQUE (name)
);
INSERT INTO "labels" VALUES(9,'sky',0,'[255,0,85]',0);
INSERT INTO "labels" VALUES(10,'cat',1,'[33,148,217]',0);
CREATE TABLE photos (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	path TEXT NOT NULL, 
	present BOOLEAN NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	version INTEGER NOT NULL, 
	last_key VARCHAR(64), 
	content_hash VARCHAR(64), 
	width INTEGER, 
	height INTEGER, 
	model VARCHAR(64), 
	log_version INTEGER, 
	cursor INTEGER NOT NULL, 
	next_region INTEGER NOT NULL, 
	regions INTEGER NOT NULL, 
	unlabelled INTEGER NOT NULL, comment TEXT, forks TEXT, tip INTEGER, author VARCHAR(64), verdict VARCHAR(16), reviewer VARCHAR(64), reviewed_at FLOAT, revision INTEGER NOT NULL DEFAULT 0, 
	UNIQUE (path)
);
INSERT INTO "photos" VALUES(1,'a.jpg',1,'in_work',4,'k2','hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh',10,9,'m',1,2,3,1,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "photos" VALUES(2,'b/ü.png',1,'complete',2,NULL,'iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii',4,3,'m',1,1,2,1,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "photos" VALUES(3,'gone.jpg',0,'new',0,NULL,NULL,NULL,NULL,NULL,NULL,0,1,0,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0);
CREATE TABLE settings (
	name VARCHAR(64) NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "settings" VALUES('schema_version','6');
CREATE TABLE times (photo_id INTEGER NOT NULL REFERENCES photos (id), region INTEGER NOT NULL,
        seconds FLOAT NOT NULL, PRIMARY KEY (photo_id, region));
CREATE INDEX photos_by_status ON photos (present, status, path);
CREATE INDEX photos_by_revision ON photos (revision);
CREATE UNIQUE INDEX entries_by_key ON entries (photo_id, key);
CREATE INDEX labelled_by_label ON labelled (label, photo_id);
CREATE INDEX photos_by_author ON photos (author, present);
CREATE INDEX photos_by_reviewer ON photos (reviewer, present);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('photos',3);
COMMIT;
