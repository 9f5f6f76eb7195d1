BEGIN TRANSACTION;
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));
INSERT INTO "alembic_version" VALUES('2');
CREATE TABLE attempt_tags (
	request_id VARCHAR NOT NULL, 
	attempt INTEGER NOT NULL, 
	tag VARCHAR NOT NULL, 
	PRIMARY KEY (request_id, attempt, tag)
);
INSERT INTO "attempt_tags" VALUES('req_c84496eeb93efec88e60fcaf',1,'team-a');
INSERT INTO "attempt_tags" VALUES('req_a089e830e6bb466e2b8def2e',0,'team-a');
INSERT INTO "attempt_tags" VALUES('req_8c3ca9da5ab361cb87815784',1,'team-a');
INSERT INTO "attempt_tags" VALUES('req_8c3ca9da5ab361cb87815784',1,'blue');
INSERT INTO "attempt_tags" VALUES('req_43c8d983e5d922b00cbb07df',1,'team-a');
INSERT INTO "attempt_tags" VALUES('req_077bae1a13ea09bdf957b5bf',1,'blue');
INSERT INTO "attempt_tags" VALUES('req_2925c740721c863771042750',1,'team-a');
CREATE TABLE attempts (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	request_id VARCHAR NOT NULL, 
	attempt INTEGER NOT NULL, 
	at_s FLOAT NOT NULL, 
	day VARCHAR NOT NULL, 
	hour INTEGER NOT NULL, 
	asked VARCHAR NOT NULL, 
	policy VARCHAR NOT NULL, 
	policy_version VARCHAR NOT NULL, 
	category VARCHAR NOT NULL, 
	reference VARCHAR NOT NULL, 
	model VARCHAR NOT NULL, 
	upstream VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	stream BOOLEAN NOT NULL, 
	outcome VARCHAR NOT NULL, 
	status INTEGER NOT NULL, 
	error VARCHAR NOT NULL, 
	is_answer BOOLEAN NOT NULL, 
	closes BOOLEAN NOT NULL, 
	uncached_input_tokens BIGINT NOT NULL, 
	cache_read_tokens BIGINT NOT NULL, 
	cache_write_tokens BIGINT NOT NULL, 
	output_tokens BIGINT NOT NULL, 
	reasoning_tokens BIGINT NOT NULL, 
	cache_write_1h_tokens BIGINT NOT NULL, 
	audio_input_tokens BIGINT NOT NULL, 
	audio_cache_read_tokens BIGINT NOT NULL, 
	audio_output_tokens BIGINT NOT NULL, 
	image_input_tokens BIGINT NOT NULL, 
	image_output_tokens BIGINT NOT NULL, 
	web_searches BIGINT NOT NULL, 
	usage_source VARCHAR NOT NULL, 
	cost_pico BIGINT NOT NULL, 
	cost_source VARCHAR NOT NULL, 
	baseline_pico BIGINT NOT NULL, 
	price_source VARCHAR NOT NULL, 
	cost_note VARCHAR NOT NULL, 
	service_tier VARCHAR NOT NULL, 
	quality_p FLOAT, 
	first_content_s FLOAT, 
	total_s FLOAT NOT NULL, 
	CONSTRAINT attempts_once UNIQUE (request_id, attempt)
);
INSERT INTO "attempts" VALUES(1,'req_c84496eeb93efec88e60fcaf',1,1.79581619433713626865e+09,'2026-11-27',21,'auto','balanced','22266a04fd50','chat','sim-mid','sim-open-8b','simulated','app',0,'ok',200,'',1,1,10,0,0,18,0,0,0,0,0,0,0,0,'upstream',1940000,'priced',49200000,'simulated','','standard',0.9,NULL,2.14360110003326553851e-02);
INSERT INTO "attempts" VALUES(2,'req_a089e830e6bb466e2b8def2e',0,1.79581619437620258325e+09,'2026-11-27',21,'auto','balanced','22266a04fd50','chat','sim-mid','sim-open-8b','simulated','app',0,'cache_hit',200,'',1,1,10,0,0,18,0,0,0,0,0,0,0,0,'cache',0,'free',49200000,'simulated','','standard',0.9,NULL,7.04599997334298677742e-05);
INSERT INTO "attempts" VALUES(3,'req_8c3ca9da5ab361cb87815784',1,1.79581619439012932781e+09,'2026-11-27',21,'sim-mid','','','knowledge','sim-mid','sim-mid','simulated','app',1,'ok',200,'',1,1,10,0,0,7,0,0,0,0,0,0,0,0,'upstream',22800000,'priced',22800000,'simulated','','standard',0.88,1.54079320000164443626e-02,1.59823459998733596876e-02);
INSERT INTO "attempts" VALUES(4,'req_43c8d983e5d922b00cbb07df',1,1.79581619444636154175e+09,'2026-11-27',21,'auto:cheap','cheap','04b47a8f67fc','maths','sim-frontier','sim-open-70b','simulated','app',0,'ok',200,'',1,1,25,0,0,46,0,0,0,0,0,0,0,0,'upstream',40950000,'priced',765000000,'simulated','','standard',0.72,NULL,2.28694299994458560831e-03);
INSERT INTO "attempts" VALUES(5,'req_077bae1a13ea09bdf957b5bf',1,1.79581620839132785798e+09,'2026-11-27',21,'auto','balanced','22266a04fd50','code_writing','sim-frontier','sim-frontier','simulated','alpha',0,'ok',200,'',1,1,17,0,0,46,20,0,0,0,0,0,0,0,'upstream',1041000000,'priced',1041000000,'simulated','','standard',0.95,NULL,7.39969999995082616806e-03);
INSERT INTO "attempts" VALUES(6,'req_2925c740721c863771042750',1,1.79581621863151073455e+09,'2026-11-27',21,'sim-mid','','','writing','sim-mid','sim-mid','simulated','app',0,'ok',200,'',1,1,11,0,0,81,0,0,0,0,0,0,0,0,'upstream',201000000,'priced',201000000,'simulated','','standard',0.88,NULL,1.19978839998111652676e-02);
CREATE TABLE rollup_category_days (
	day VARCHAR NOT NULL, 
	policy VARCHAR NOT NULL, 
	category VARCHAR NOT NULL, 
	model VARCHAR NOT NULL, 
	upstream VARCHAR NOT NULL, 
	reference VARCHAR NOT NULL, 
	outcome VARCHAR NOT NULL, 
	cost_source VARCHAR NOT NULL, 
	service_tier VARCHAR NOT NULL, 
	size_class INTEGER NOT NULL, 
	attempts BIGINT NOT NULL, 
	requests BIGINT NOT NULL, 
	answers BIGINT NOT NULL, 
	uncached_input_tokens BIGINT NOT NULL, 
	cache_read_tokens BIGINT NOT NULL, 
	cache_write_tokens BIGINT NOT NULL, 
	output_tokens BIGINT NOT NULL, 
	reasoning_tokens BIGINT NOT NULL, 
	cache_write_1h_tokens BIGINT NOT NULL, 
	audio_input_tokens BIGINT NOT NULL, 
	audio_cache_read_tokens BIGINT NOT NULL, 
	audio_output_tokens BIGINT NOT NULL, 
	image_input_tokens BIGINT NOT NULL, 
	image_output_tokens BIGINT NOT NULL, 
	web_searches BIGINT NOT NULL, 
	cost_high BIGINT NOT NULL, 
	cost_low BIGINT NOT NULL, 
	baseline_high BIGINT NOT NULL, 
	baseline_low BIGINT NOT NULL, 
	quality_sum FLOAT NOT NULL, 
	PRIMARY KEY (day, policy, category, model, upstream, reference, outcome, cost_source, service_tier, size_class)
);
INSERT INTO "rollup_category_days" VALUES('2026-11-27','','knowledge','sim-mid','simulated','sim-mid','ok','priced','standard',0,1,1,1,10,0,0,7,0,0,0,0,0,0,0,0,22,800000,22,800000,0.88);
INSERT INTO "rollup_category_days" VALUES('2026-11-27','balanced','chat','sim-open-8b','simulated','sim-mid','cache_hit','free','standard',0,1,1,1,10,0,0,18,0,0,0,0,0,0,0,0,0,0,49,200000,0.9);
INSERT INTO "rollup_category_days" VALUES('2026-11-27','balanced','chat','sim-open-8b','simulated','sim-mid','ok','priced','standard',0,1,1,1,10,0,0,18,0,0,0,0,0,0,0,0,1,940000,49,200000,0.9);
INSERT INTO "rollup_category_days" VALUES('2026-11-27','cheap','maths','sim-open-70b','simulated','sim-frontier','ok','priced','standard',0,1,1,1,25,0,0,46,0,0,0,0,0,0,0,0,40,950000,765,0,0.72);
INSERT INTO "rollup_category_days" VALUES('2026-11-27','balanced','code_writing','sim-frontier','simulated','sim-frontier','ok','priced','standard',0,1,1,1,17,0,0,46,20,0,0,0,0,0,0,0,1041,0,1041,0,0.95);
CREATE TABLE rollup_days (
	day VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	policy VARCHAR NOT NULL, 
	category VARCHAR NOT NULL, 
	model VARCHAR NOT NULL, 
	upstream VARCHAR NOT NULL, 
	reference VARCHAR NOT NULL, 
	outcome VARCHAR NOT NULL, 
	cost_source VARCHAR NOT NULL, 
	service_tier VARCHAR NOT NULL, 
	size_class INTEGER NOT NULL, 
	attempts BIGINT NOT NULL, 
	requests BIGINT NOT NULL, 
	answers BIGINT NOT NULL, 
	uncached_input_tokens BIGINT NOT NULL, 
	cache_read_tokens BIGINT NOT NULL, 
	cache_write_tokens BIGINT NOT NULL, 
	output_tokens BIGINT NOT NULL, 
	reasoning_tokens BIGINT NOT NULL, 
	cache_write_1h_tokens BIGINT NOT NULL, 
	audio_input_tokens BIGINT NOT NULL, 
	audio_cache_read_tokens BIGINT NOT NULL, 
	audio_output_tokens BIGINT NOT NULL, 
	image_input_tokens BIGINT NOT NULL, 
	image_output_tokens BIGINT NOT NULL, 
	web_searches BIGINT NOT NULL, 
	cost_high BIGINT NOT NULL, 
	cost_low BIGINT NOT NULL, 
	baseline_high BIGINT NOT NULL, 
	baseline_low BIGINT NOT NULL, 
	quality_sum FLOAT NOT NULL, 
	PRIMARY KEY (day, "key", policy, category, model, upstream, reference, outcome, cost_source, service_tier, size_class)
);
INSERT INTO "rollup_days" VALUES('2026-11-27','app','','knowledge','sim-mid','simulated','sim-mid','ok','priced','standard',0,1,1,1,10,0,0,7,0,0,0,0,0,0,0,0,22,800000,22,800000,0.88);
INSERT INTO "rollup_days" VALUES('2026-11-27','app','balanced','chat','sim-open-8b','simulated','sim-mid','cache_hit','free','standard',0,1,1,1,10,0,0,18,0,0,0,0,0,0,0,0,0,0,49,200000,0.9);
INSERT INTO "rollup_days" VALUES('2026-11-27','app','balanced','chat','sim-open-8b','simulated','sim-mid','ok','priced','standard',0,1,1,1,10,0,0,18,0,0,0,0,0,0,0,0,1,940000,49,200000,0.9);
INSERT INTO "rollup_days" VALUES('2026-11-27','app','cheap','maths','sim-open-70b','simulated','sim-frontier','ok','priced','standard',0,1,1,1,25,0,0,46,0,0,0,0,0,0,0,0,40,950000,765,0,0.72);
INSERT INTO "rollup_days" VALUES('2026-11-27','alpha','balanced','code_writing','sim-frontier','simulated','sim-frontier','ok','priced','standard',0,1,1,1,17,0,0,46,20,0,0,0,0,0,0,0,1041,0,1041,0,0.95);
CREATE TABLE rollup_hours (
	day VARCHAR NOT NULL, 
	hour INTEGER NOT NULL, 
	policy VARCHAR NOT NULL, 
	model VARCHAR NOT NULL, 
	upstream VARCHAR NOT NULL, 
	reference VARCHAR NOT NULL, 
	outcome VARCHAR NOT NULL, 
	cost_source VARCHAR NOT NULL, 
	service_tier VARCHAR NOT NULL, 
	size_class INTEGER NOT NULL, 
	attempts BIGINT NOT NULL, 
	requests BIGINT NOT NULL, 
	answers BIGINT NOT NULL, 
	uncached_input_tokens BIGINT NOT NULL, 
	cache_read_tokens BIGINT NOT NULL, 
	cache_write_tokens BIGINT NOT NULL, 
	output_tokens BIGINT NOT NULL, 
	reasoning_tokens BIGINT NOT NULL, 
	cache_write_1h_tokens BIGINT NOT NULL, 
	audio_input_tokens BIGINT NOT NULL, 
	audio_cache_read_tokens BIGINT NOT NULL, 
	audio_output_tokens BIGINT NOT NULL, 
	image_input_tokens BIGINT NOT NULL, 
	image_output_tokens BIGINT NOT NULL, 
	web_searches BIGINT NOT NULL, 
	cost_high BIGINT NOT NULL, 
	cost_low BIGINT NOT NULL, 
	baseline_high BIGINT NOT NULL, 
	baseline_low BIGINT NOT NULL, 
	quality_sum FLOAT NOT NULL, 
	PRIMARY KEY (day, hour, policy, model, upstream, reference, outcome, cost_source, service_tier, size_class)
);
INSERT INTO "rollup_hours" VALUES('2026-11-27',21,'','sim-mid','simulated','sim-mid','ok','priced','standard',0,1,1,1,10,0,0,7,0,0,0,0,0,0,0,0,22,800000,22,800000,0.88);
INSERT INTO "rollup_hours" VALUES('2026-11-27',21,'balanced','sim-open-8b','simulated','sim-mid','cache_hit','free','standard',0,1,1,1,10,0,0,18,0,0,0,0,0,0,0,0,0,0,49,200000,0.9);
INSERT INTO "rollup_hours" VALUES('2026-11-27',21,'balanced','sim-open-8b','simulated','sim-mid','ok','priced','standard',0,1,1,1,10,0,0,18,0,0,0,0,0,0,0,0,1,940000,49,200000,0.9);
INSERT INTO "rollup_hours" VALUES('2026-11-27',21,'cheap','sim-open-70b','simulated','sim-frontier','ok','priced','standard',0,1,1,1,25,0,0,46,0,0,0,0,0,0,0,0,40,950000,765,0,0.72);
INSERT INTO "rollup_hours" VALUES('2026-11-27',21,'balanced','sim-frontier','simulated','sim-frontier','ok','priced','standard',0,1,1,1,17,0,0,46,20,0,0,0,0,0,0,0,1041,0,1041,0,0.95);
CREATE TABLE rollup_key_days (
	day VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	policy VARCHAR NOT NULL, 
	model VARCHAR NOT NULL, 
	upstream VARCHAR NOT NULL, 
	reference VARCHAR NOT NULL, 
	outcome VARCHAR NOT NULL, 
	cost_source VARCHAR NOT NULL, 
	service_tier VARCHAR NOT NULL, 
	size_class INTEGER NOT NULL, 
	attempts BIGINT NOT NULL, 
	requests BIGINT NOT NULL, 
	answers BIGINT NOT NULL, 
	uncached_input_tokens BIGINT NOT NULL, 
	cache_read_tokens BIGINT NOT NULL, 
	cache_write_tokens BIGINT NOT NULL, 
	output_tokens BIGINT NOT NULL, 
	reasoning_tokens BIGINT NOT NULL, 
	cache_write_1h_tokens BIGINT NOT NULL, 
	audio_input_tokens BIGINT NOT NULL, 
	audio_cache_read_tokens BIGINT NOT NULL, 
	audio_output_tokens BIGINT NOT NULL, 
	image_input_tokens BIGINT NOT NULL, 
	image_output_tokens BIGINT NOT NULL, 
	web_searches BIGINT NOT NULL, 
	cost_high BIGINT NOT NULL, 
	cost_low BIGINT NOT NULL, 
	baseline_high BIGINT NOT NULL, 
	baseline_low BIGINT NOT NULL, 
	quality_sum FLOAT NOT NULL, 
	PRIMARY KEY (day, "key", policy, model, upstream, reference, outcome, cost_source, service_tier, size_class)
);
INSERT INTO "rollup_key_days" VALUES('2026-11-27','app','','sim-mid','simulated','sim-mid','ok','priced','standard',0,1,1,1,10,0,0,7,0,0,0,0,0,0,0,0,22,800000,22,800000,0.88);
INSERT INTO "rollup_key_days" VALUES('2026-11-27','app','balanced','sim-open-8b','simulated','sim-mid','cache_hit','free','standard',0,1,1,1,10,0,0,18,0,0,0,0,0,0,0,0,0,0,49,200000,0.9);
INSERT INTO "rollup_key_days" VALUES('2026-11-27','app','balanced','sim-open-8b','simulated','sim-mid','ok','priced','standard',0,1,1,1,10,0,0,18,0,0,0,0,0,0,0,0,1,940000,49,200000,0.9);
INSERT INTO "rollup_key_days" VALUES('2026-11-27','app','cheap','sim-open-70b','simulated','sim-frontier','ok','priced','standard',0,1,1,1,25,0,0,46,0,0,0,0,0,0,0,0,40,950000,765,0,0.72);
INSERT INTO "rollup_key_days" VALUES('2026-11-27','alpha','balanced','sim-frontier','simulated','sim-frontier','ok','priced','standard',0,1,1,1,17,0,0,46,20,0,0,0,0,0,0,0,1041,0,1041,0,0.95);
CREATE TABLE rollup_latency (
	day VARCHAR NOT NULL, 
	model VARCHAR NOT NULL, 
	measure VARCHAR NOT NULL, 
	bucket INTEGER NOT NULL, 
	count BIGINT NOT NULL, 
	PRIMARY KEY (day, model, measure, bucket)
);
INSERT INTO "rollup_latency" VALUES('2026-11-27','sim-mid','first_content_s',-43,1);
INSERT INTO "rollup_latency" VALUES('2026-11-27','sim-mid','total_s',-43,1);
INSERT INTO "rollup_latency" VALUES('2026-11-27','sim-open-70b','total_s',-63,1);
INSERT INTO "rollup_latency" VALUES('2026-11-27','sim-open-8b','total_s',-40,1);
INSERT INTO "rollup_latency" VALUES('2026-11-27','sim-frontier','total_s',-51,1);
CREATE TABLE rollup_state (
	id INTEGER NOT NULL, 
	up_to_seq BIGINT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "rollup_state" VALUES(1,5);
CREATE TABLE rollup_tag_days (
	day VARCHAR NOT NULL, 
	tag VARCHAR NOT NULL, 
	policy VARCHAR NOT NULL, 
	category VARCHAR NOT NULL, 
	model VARCHAR NOT NULL, 
	upstream VARCHAR NOT NULL, 
	reference VARCHAR NOT NULL, 
	outcome VARCHAR NOT NULL, 
	cost_source VARCHAR NOT NULL, 
	service_tier VARCHAR NOT NULL, 
	size_class INTEGER NOT NULL, 
	attempts BIGINT NOT NULL, 
	requests BIGINT NOT NULL, 
	answers BIGINT NOT NULL, 
	uncached_input_tokens BIGINT NOT NULL, 
	cache_read_tokens BIGINT NOT NULL, 
	cache_write_tokens BIGINT NOT NULL, 
	output_tokens BIGINT NOT NULL, 
	reasoning_tokens BIGINT NOT NULL, 
	cache_write_1h_tokens BIGINT NOT NULL, 
	audio_input_tokens BIGINT NOT NULL, 
	audio_cache_read_tokens BIGINT NOT NULL, 
	audio_output_tokens BIGINT NOT NULL, 
	image_input_tokens BIGINT NOT NULL, 
	image_output_tokens BIGINT NOT NULL, 
	web_searches BIGINT NOT NULL, 
	cost_high BIGINT NOT NULL, 
	cost_low BIGINT NOT NULL, 
	baseline_high BIGINT NOT NULL, 
	baseline_low BIGINT NOT NULL, 
	quality_sum FLOAT NOT NULL, 
	PRIMARY KEY (day, tag, policy, category, model, upstream, reference, outcome, cost_source, service_tier, size_class)
);
INSERT INTO "rollup_tag_days" VALUES('2026-11-27','blue','','knowledge','sim-mid','simulated','sim-mid','ok','priced','standard',0,1,1,1,10,0,0,7,0,0,0,0,0,0,0,0,22,800000,22,800000,0.88);
INSERT INTO "rollup_tag_days" VALUES('2026-11-27','team-a','','knowledge','sim-mid','simulated','sim-mid','ok','priced','standard',0,1,1,1,10,0,0,7,0,0,0,0,0,0,0,0,22,800000,22,800000,0.88);
INSERT INTO "rollup_tag_days" VALUES('2026-11-27','team-a','balanced','chat','sim-open-8b','simulated','sim-mid','cache_hit','free','standard',0,1,1,1,10,0,0,18,0,0,0,0,0,0,0,0,0,0,49,200000,0.9);
INSERT INTO "rollup_tag_days" VALUES('2026-11-27','team-a','balanced','chat','sim-open-8b','simulated','sim-mid','ok','priced','standard',0,1,1,1,10,0,0,18,0,0,0,0,0,0,0,0,1,940000,49,200000,0.9);
INSERT INTO "rollup_tag_days" VALUES('2026-11-27','team-a','cheap','maths','sim-open-70b','simulated','sim-frontier','ok','priced','standard',0,1,1,1,25,0,0,46,0,0,0,0,0,0,0,0,40,950000,765,0,0.72);
INSERT INTO "rollup_tag_days" VALUES('2026-11-27','blue','balanced','code_writing','sim-frontier','simulated','sim-frontier','ok','priced','standard',0,1,1,1,17,0,0,46,20,0,0,0,0,0,0,0,1041,0,1041,0,0.95);
CREATE TABLE virtual_keys (
	id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	digest VARCHAR NOT NULL, 
	hint VARCHAR NOT NULL, 
	grants VARCHAR NOT NULL, 
	created_s FLOAT NOT NULL, 
	expires_s FLOAT, 
	revoked_s FLOAT, 
	PRIMARY KEY (id), 
	UNIQUE (digest)
);
INSERT INTO "virtual_keys" VALUES('key_22423ba931d2','alpha','5f9f191915224648c9e5c3c33fc3c427ec07b21e93a74fdf99d5e488c7eadc93','fk-3Zbxv0','{"tags":["blue"],"policies":[],"models":[],"budgets":[{"usd":"1","per":"month","timezone":"UTC"}],"limits":[]}',1.7958162034929978847e+09,NULL,NULL);
CREATE INDEX attempts_by_time ON attempts (at_s);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('attempts',6);
COMMIT;
