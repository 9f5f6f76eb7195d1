BEGIN TRANSACTION;
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));
INSERT INTO "alembic_version" VALUES('3');
CREATE TABLE attempt_tags (
	request_id VARCHAR NOT NULL, 
	attempt INTEGER NOT NULL, 
	tag VARCHAR NOT NULL, 
	PRIMARY KEY (request_id, attempt, tag)
);
INSERT INTO "attempt_tags" VALUES('req_05d29ce95385ffa3b0642d80',1,'team-a');
INSERT INTO "attempt_tags" VALUES('req_1b429c28cef4a5d99181a5b9',0,'team-a');
INSERT INTO "attempt_tags" VALUES('req_904963c02f3c2b5e1e7cbf40',1,'team-a');
INSERT INTO "attempt_tags" VALUES('req_904963c02f3c2b5e1e7cbf40',1,'blue');
INSERT INTO "attempt_tags" VALUES('req_3769326d87181f70ff03e5da',1,'team-a');
INSERT INTO "attempt_tags" VALUES('req_d9a14645ca2511fb25480253',1,'blue');
INSERT INTO "attempt_tags" VALUES('req_d7c58c36917305935cb52dd4',1,'team-a');
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
	decision VARCHAR, 
	CONSTRAINT attempts_once UNIQUE (request_id, attempt)
);
INSERT INTO "attempts" VALUES(1,'req_05d29ce95385ffa3b0642d80',1,1.79581650928356480602e+09,'2026-11-27',21,'auto','balanced','c8c2983e116a','chat','sim-mid','sim-open-8b','simulated','app',0,'ok',200,'',1,1,10,0,0,18,0,0,0,0,0,0,0,0,'upstream',1940000,'priced',49200000,'simulated','','standard',0.9,NULL,3.7509999997382692527e-03,'{"form":1,"policy":"balanced","policy_version":"c8c2983e116a","rule":"little depends on it","reason":"cheapest-adequate","bar":{"p":0.85,"sd":0.05,"reference":"sim-mid"},"reference":["sim-mid","simulated",false,367800000,39375600000,0.95,0.05,"prior",null,null,0.5],"chosen":["sim-open-8b","simulated",false,12650000,659860000,0.9,0.05,"prior",null,null,0.5],"fallbacks":[["sim-open-70b","simulated",false,109550000,5765900000,0.93,0.05,"prior",null,null,0.5],["sim-mid","simulated",false,367800000,39375600000,0.95,0.05,"prior",null,null,0.5],["sim-frontier","simulated",false,2289000000,960270000000,0.95,0.05,"prior",null,null,0.5]],"exclusions":[],"cache":{"ttl_s":3600},"features":{"prompt_tokens":13,"category":"chat","category_confidence":0.8734177215189873},"circumstances":{"asked":"auto","key":"app","tags":["team-a"],"unix_s":1795816509.2825637}}');
INSERT INTO "attempts" VALUES(2,'req_1b429c28cef4a5d99181a5b9',0,1.7958165092973678112e+09,'2026-11-27',21,'auto','balanced','c8c2983e116a','chat','sim-mid','sim-open-8b','simulated','app',0,'cache_hit',200,'',1,1,10,0,0,18,0,0,0,0,0,0,0,0,'cache',0,'free',49200000,'simulated','','standard',0.9,NULL,5.57369999114598613232e-05,'{"form":1,"policy":"balanced","policy_version":"c8c2983e116a","rule":"little depends on it","reason":"cheapest-adequate","bar":{"p":0.85,"sd":0.05,"reference":"sim-mid"},"reference":["sim-mid","simulated",false,331800000,39375600000,0.95,0.05,"prior",null,null,0.5],"chosen":["sim-open-8b","simulated",true,0,0,0.9,0.05,"prior",null,null,0.5],"fallbacks":[["sim-open-8b","simulated",false,10410000,659860000,0.9,0.05,"prior",null,0.0037509999997382693,0.5],["sim-open-70b","simulated",false,99050000,5765900000,0.93,0.05,"prior",null,null,0.5],["sim-mid","simulated",false,331800000,39375600000,0.95,0.05,"prior",null,null,0.5],["sim-frontier","simulated",false,2064000000,960270000000,0.95,0.05,"prior",null,null,0.5]],"exclusions":[],"cache":{"ttl_s":3600},"features":{"prompt_tokens":13,"category":"chat","category_confidence":0.8734177215189873},"circumstances":{"asked":"auto","key":"app","tags":["team-a"],"unix_s":1795816509.296732}}');
INSERT INTO "attempts" VALUES(3,'req_904963c02f3c2b5e1e7cbf40',1,1.79581650930111527447e+09,'2026-11-27',21,'sim-mid','','','knowledge','sim-mid','sim-mid','simulated','app',1,'ok',200,'',1,1,10,0,0,7,0,0,0,0,0,0,0,0,'upstream',22800000,'priced',22800000,'simulated','','standard',0.88,3.28502699994714930653e-03,3.70233200010261498391e-03,'{"form":1,"policy":"","policy_version":"","rule":"","reason":"pinned","bar":{"p":0.0},"reference":["sim-mid","simulated",false,607800000,39375600000,0.88,0.05,"prior",null,null,0.5],"chosen":["sim-mid","simulated",false,607800000,39375600000,0.88,0.05,"prior",null,null,0.5],"fallbacks":[],"exclusions":[],"cache":{"ttl_s":3600},"features":{"prompt_tokens":13,"category":"knowledge","category_confidence":0.7865168539325842},"circumstances":{"asked":"sim-mid","key":"app","tags":["blue","team-a"],"unix_s":1795816509.300726}}');
INSERT INTO "attempts" VALUES(4,'req_3769326d87181f70ff03e5da',1,1.79581650930895090102e+09,'2026-11-27',21,'auto:cheap','cheap','7272eef14c2a','maths','sim-frontier','sim-open-70b','simulated','app',0,'ok',200,'',1,1,25,0,0,46,0,0,0,0,0,0,0,0,'upstream',40950000,'priced',765000000,'simulated','','standard',0.72,NULL,0.0020752939999511,'{"form":1,"policy":"cheap","policy_version":"7272eef14c2a","rule":"","reason":"cheapest-adequate","bar":{"p":0.6},"reference":["sim-frontier","simulated",false,6090000000,960372000000,0.96,0.05,"prior",null,null,0.5],"chosen":["sim-open-70b","simulated",false,290500000,5777800000,0.72,0.05,"prior",null,null,0.5],"fallbacks":[["sim-mid","simulated",false,978000000,39396000000,0.84,0.05,"prior",0.0032850269999471493,0.003702332000102615,0.5],["sim-frontier","simulated",false,6090000000,960372000000,0.96,0.05,"prior",null,null,0.5],["sim-open-8b","simulated",false,33500000,661560000,0.42,0.05,"prior",null,0.0037509999997382693,0.5]],"exclusions":[],"cache":{"ttl_s":86400},"features":{"prompt_tokens":30,"category":"maths","category_confidence":0.7594936708860759},"circumstances":{"asked":"auto:cheap","key":"app","tags":["team-a"],"unix_s":1795816509.3084385}}');
INSERT INTO "attempts" VALUES(5,'req_d9a14645ca2511fb25480253',1,1.79581651684826493261e+09,'2026-11-27',21,'auto','balanced','c8c2983e116a','code_writing','sim-frontier','sim-frontier','simulated','alpha',0,'ok',200,'',1,1,17,0,0,46,20,0,0,0,0,0,0,0,'upstream',1041000000,'priced',1041000000,'simulated','','standard',0.95,NULL,1.25909899998077889904e-02,'{"form":1,"policy":"balanced","policy_version":"c8c2983e116a","rule":"","reason":"cheapest-adequate","bar":{"p":0.9,"sd":0.05,"reference":"sim-frontier"},"reference":["sim-frontier","simulated",false,9048000000,960288000000,0.95,0.05,"prior",null,null,0.5],"chosen":["sim-frontier","simulated",false,9048000000,960288000000,0.95,0.05,"prior",null,null,0.5],"fallbacks":[["sim-mid","simulated",false,1449600000,39379200000,0.88,0.05,"prior",0.0032850269999471493,0.003702332000102615,0.5],["sim-open-70b","simulated",false,425600000,5768000000,0.72,0.05,"prior",null,0.0020752939999511,0.5],["sim-open-8b","simulated",false,48800000,660160000,0.45,0.05,"prior",null,0.0037509999997382693,0.5]],"exclusions":[],"cache":{"ttl_s":3600},"features":{"prompt_tokens":16,"category":"code_writing","category_confidence":0.7194244604316546},"circumstances":{"asked":"auto","key":"alpha","tags":["blue"],"money_left":{"pico":"1000000000000"},"unix_s":1795816516.847569}}');
INSERT INTO "attempts" VALUES(6,'req_d7c58c36917305935cb52dd4',1,1.79581652520451831816e+09,'2026-11-27',21,'sim-mid','','','writing','sim-mid','sim-mid','simulated','app',0,'ok',200,'',1,1,11,0,0,81,0,0,0,0,0,0,0,0,'upstream',201000000,'priced',201000000,'simulated','','standard',0.88,NULL,9.00159999991956283338e-03,'{"form":1,"policy":"","policy_version":"","rule":"","reason":"pinned","bar":{"p":0.0},"reference":["sim-mid","simulated",false,1687800000,39375600000,0.88,0.05,"prior",0.0032850269999471493,0.003702332000102615,0.5],"chosen":["sim-mid","simulated",false,1687800000,39375600000,0.88,0.05,"prior",0.0032850269999471493,0.003702332000102615,0.5],"fallbacks":[],"exclusions":[],"cache":{"ttl_s":3600},"features":{"prompt_tokens":13,"category":"writing","category_confidence":0.6779661016949152},"circumstances":{"asked":"sim-mid","key":"app","tags":["team-a"],"unix_s":1795816525.2039847}}');
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
INSERT INTO "rollup_category_days" VALUES('2026-11-27','balanced','code_writing','sim-frontier','simulated','sim-frontier','ok','priced','standard',0,1,1,1,17,0,0,46,20,0,0,0,0,0,0,0,1041,0,1041,0,0.95);
INSERT INTO "rollup_category_days" VALUES('2026-11-27','cheap','maths','sim-open-70b','simulated','sim-frontier','ok','priced','standard',0,1,1,1,25,0,0,46,0,0,0,0,0,0,0,0,40,950000,765,0,0.72);
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
INSERT INTO "rollup_days" VALUES('2026-11-27','alpha','balanced','code_writing','sim-frontier','simulated','sim-frontier','ok','priced','standard',0,1,1,1,17,0,0,46,20,0,0,0,0,0,0,0,1041,0,1041,0,0.95);
INSERT INTO "rollup_days" VALUES('2026-11-27','app','','knowledge','sim-mid','simulated','sim-mid','ok','priced','standard',0,1,1,1,10,0,0,7,0,0,0,0,0,0,0,0,22,800000,22,800000,0.88);
INSERT INTO "rollup_days" VALUES('2026-11-27','app','balanced','chat','sim-open-8b','simulated','sim-mid','cache_hit','free','standard',0,1,1,1,10,0,0,18,0,0,0,0,0,0,0,0,0,0,49,200000,0.9);
INSERT INTO "rollup_days" VALUES('2026-11-27','app','balanced','chat','sim-open-8b','simulated','sim-mid','ok','priced','standard',0,1,1,1,10,0,0,18,0,0,0,0,0,0,0,0,1,940000,49,200000,0.9);
INSERT INTO "rollup_days" VALUES('2026-11-27','app','cheap','maths','sim-open-70b','simulated','sim-frontier','ok','priced','standard',0,1,1,1,25,0,0,46,0,0,0,0,0,0,0,0,40,950000,765,0,0.72);
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
INSERT INTO "rollup_hours" VALUES('2026-11-27',21,'balanced','sim-frontier','simulated','sim-frontier','ok','priced','standard',0,1,1,1,17,0,0,46,20,0,0,0,0,0,0,0,1041,0,1041,0,0.95);
INSERT INTO "rollup_hours" VALUES('2026-11-27',21,'balanced','sim-open-8b','simulated','sim-mid','cache_hit','free','standard',0,1,1,1,10,0,0,18,0,0,0,0,0,0,0,0,0,0,49,200000,0.9);
INSERT INTO "rollup_hours" VALUES('2026-11-27',21,'balanced','sim-open-8b','simulated','sim-mid','ok','priced','standard',0,1,1,1,10,0,0,18,0,0,0,0,0,0,0,0,1,940000,49,200000,0.9);
INSERT INTO "rollup_hours" VALUES('2026-11-27',21,'cheap','sim-open-70b','simulated','sim-frontier','ok','priced','standard',0,1,1,1,25,0,0,46,0,0,0,0,0,0,0,0,40,950000,765,0,0.72);
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
INSERT INTO "rollup_key_days" VALUES('2026-11-27','alpha','balanced','sim-frontier','simulated','sim-frontier','ok','priced','standard',0,1,1,1,17,0,0,46,20,0,0,0,0,0,0,0,1041,0,1041,0,0.95);
INSERT INTO "rollup_key_days" VALUES('2026-11-27','app','','sim-mid','simulated','sim-mid','ok','priced','standard',0,1,1,1,10,0,0,7,0,0,0,0,0,0,0,0,22,800000,22,800000,0.88);
INSERT INTO "rollup_key_days" VALUES('2026-11-27','app','balanced','sim-open-8b','simulated','sim-mid','cache_hit','free','standard',0,1,1,1,10,0,0,18,0,0,0,0,0,0,0,0,0,0,49,200000,0.9);
INSERT INTO "rollup_key_days" VALUES('2026-11-27','app','balanced','sim-open-8b','simulated','sim-mid','ok','priced','standard',0,1,1,1,10,0,0,18,0,0,0,0,0,0,0,0,1,940000,49,200000,0.9);
INSERT INTO "rollup_key_days" VALUES('2026-11-27','app','cheap','sim-open-70b','simulated','sim-frontier','ok','priced','standard',0,1,1,1,25,0,0,46,0,0,0,0,0,0,0,0,40,950000,765,0,0.72);
CREATE TABLE rollup_latency (
	day VARCHAR NOT NULL, 
	model VARCHAR NOT NULL, 
	measure VARCHAR NOT NULL, 
	bucket INTEGER NOT NULL, 
	count BIGINT NOT NULL, 
	PRIMARY KEY (day, model, measure, bucket)
);
INSERT INTO "rollup_latency" VALUES('2026-11-27','sim-mid','first_content_s',-59,1);
INSERT INTO "rollup_latency" VALUES('2026-11-27','sim-frontier','total_s',-45,1);
INSERT INTO "rollup_latency" VALUES('2026-11-27','sim-mid','total_s',-58,1);
INSERT INTO "rollup_latency" VALUES('2026-11-27','sim-open-70b','total_s',-64,1);
INSERT INTO "rollup_latency" VALUES('2026-11-27','sim-open-8b','total_s',-58,1);
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
INSERT INTO "rollup_tag_days" VALUES('2026-11-27','blue','balanced','code_writing','sim-frontier','simulated','sim-frontier','ok','priced','standard',0,1,1,1,17,0,0,46,20,0,0,0,0,0,0,0,1041,0,1041,0,0.95);
INSERT INTO "rollup_tag_days" VALUES('2026-11-27','team-a','','knowledge','sim-mid','simulated','sim-mid','ok','priced','standard',0,1,1,1,10,0,0,7,0,0,0,0,0,0,0,0,22,800000,22,800000,0.88);
INSERT INTO "rollup_tag_days" VALUES('2026-11-27','team-a','balanced','chat','sim-open-8b','simulated','sim-mid','cache_hit','free','standard',0,1,1,1,10,0,0,18,0,0,0,0,0,0,0,0,0,0,49,200000,0.9);
INSERT INTO "rollup_tag_days" VALUES('2026-11-27','team-a','balanced','chat','sim-open-8b','simulated','sim-mid','ok','priced','standard',0,1,1,1,10,0,0,18,0,0,0,0,0,0,0,0,1,940000,49,200000,0.9);
INSERT INTO "rollup_tag_days" VALUES('2026-11-27','team-a','cheap','maths','sim-open-70b','simulated','sim-frontier','ok','priced','standard',0,1,1,1,25,0,0,46,0,0,0,0,0,0,0,0,40,950000,765,0,0.72);
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
INSERT INTO "virtual_keys" VALUES('key_95c5f5573eca','alpha','9c10d6d3b7909a0717ef48b04a7e9e7bcf020dc9248d9054fe2570d613514686','fk-ZWpSQU','{"tags":["blue"],"policies":[],"models":[],"budgets":[{"usd":"1","per":"month","timezone":"UTC"}],"limits":[]}',1.79581651336378860473e+09,NULL,NULL);
CREATE INDEX attempts_by_time ON attempts (at_s);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('attempts',6);
COMMIT;
