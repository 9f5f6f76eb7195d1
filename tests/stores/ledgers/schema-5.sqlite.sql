BEGIN TRANSACTION;
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));
INSERT INTO "alembic_version" VALUES('5');
CREATE TABLE attempt_tags (
	request_id VARCHAR NOT NULL, 
	attempt INTEGER NOT NULL, 
	tag VARCHAR NOT NULL, 
	PRIMARY KEY (request_id, attempt, tag)
);
INSERT INTO "attempt_tags" VALUES('req_e6b3fc4e855a6aeefe4fb9cf',1,'team-a');
INSERT INTO "attempt_tags" VALUES('req_1a44356197aa32ef8c60fa3f',0,'team-a');
INSERT INTO "attempt_tags" VALUES('req_8a0acc65331107c515c28614',1,'team-a');
INSERT INTO "attempt_tags" VALUES('req_8a0acc65331107c515c28614',1,'blue');
INSERT INTO "attempt_tags" VALUES('req_5290847ed6d3b7b1d1f8479d',1,'team-a');
INSERT INTO "attempt_tags" VALUES('req_5d6056372bbc8b87238d8fd8',1,'blue');
INSERT INTO "attempt_tags" VALUES('req_e01bac68c3caf54388861110',1,'team-a');
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
	upstream_request_id VARCHAR, 
	decision VARCHAR, 
	CONSTRAINT attempts_once UNIQUE (request_id, attempt)
);
INSERT INTO "attempts" VALUES(1,'req_e6b3fc4e855a6aeefe4fb9cf',1,1.79581639526085042957e+09,'2026-11-27',21,'auto','balanced','c8c2983e116a','chat','sim-mid','sim-open-8b','simulated','app',0,'ok',200,'',1,1,10,0,0,18,0,0,0,0,0,0,0,0,'upstream',1940000,'priced',49200000,'simulated','','standard',0.9,NULL,2.73909800034743966534e-03,'chatcmpl-e6b3fc4e855a','{"form":2,"policy":"balanced","policy_version":"c8c2983e116a","rule":"little depends on it","reason":"cheapest-adequate","bar":{"p":0.85,"sd":0.05,"reference":"sim-mid"},"reference":["sim-mid","simulated",false,367800000,39375600000,0.95,0.05,"prior",0.7,3.3999999999999995,0.5,true,101400000,737400000],"chosen":["sim-open-8b","simulated",false,12650000,659860000,0.9,0.05,"prior",0.3,1.5,0.5,true,3770000,24970000],"fallbacks":[["sim-open-70b","simulated",false,109550000,5765900000,0.93,0.05,"prior",0.4,2.2,0.5,true,31850000,217350000],["sim-mid","simulated",false,367800000,39375600000,0.95,0.05,"prior",0.7,3.3999999999999995,0.5,true,101400000,737400000],["sim-frontier","simulated",false,2289000000,960270000000,0.95,0.05,"prior",0.7,3.3999999999999995,0.5,true,624000000,4599000000]],"exclusions":[],"cache":{"ttl_s":3600},"features":{"prompt_tokens":13,"category":"chat","category_confidence":0.9946106313422717,"kinship":{"shares":[0.0090712,0.009658,0.0087507,0.0081025,0.0071207,0.0054683,0.0122172,0.0037895,0.0024132,0.0081749,0.0147274,0.0103078,0.0235795,0.0178779,0.0000465,0.8117379,0.0423746,0.0045821],"traits":[-0.0557186,0.0803776,-0.0346115],"familiarity":0.0}},"circumstances":{"asked":"auto","key":"app","tags":["team-a"],"unix_s":1795816395.2600303}}');
INSERT INTO "attempts" VALUES(2,'req_1a44356197aa32ef8c60fa3f',0,1.7958163952694277763e+09,'2026-11-27',21,'auto','balanced','c8c2983e116a','chat','sim-mid','sim-open-8b','simulated','app',0,'cache_hit',200,'',1,1,10,0,0,18,0,0,0,0,0,0,0,0,'cache',0,'free',49200000,'simulated','','standard',0.9,NULL,6.55929998174542561173e-05,NULL,'{"form":2,"policy":"balanced","policy_version":"c8c2983e116a","rule":"little depends on it","reason":"cheapest-adequate","bar":{"p":0.85,"sd":0.05,"reference":"sim-mid"},"reference":["sim-mid","simulated",false,331800000,39375600000,0.95,0.05,"prior",0.7,3.1359999999999992,0.5,true,51000000,1140600000],"chosen":["sim-open-8b","simulated",true,0,0,0.9,0.05,"prior",null,null,0.5,false,0,0],"fallbacks":[["sim-open-8b","simulated",false,10410000,659860000,0.9,0.05,"prior",null,0.0027390980003474397,0.5,false,2090000,38330000],["sim-open-70b","simulated",false,99050000,5765900000,0.93,0.05,"prior",0.4,2.024,0.5,true,17150000,334950000],["sim-mid","simulated",false,331800000,39375600000,0.95,0.05,"prior",0.7,3.1359999999999992,0.5,true,51000000,1140600000],["sim-frontier","simulated",false,2064000000,960270000000,0.95,0.05,"prior",0.7,3.1359999999999992,0.5,true,309000000,7119000000]],"exclusions":[],"cache":{"ttl_s":3600},"features":{"prompt_tokens":13,"category":"chat","category_confidence":0.9946106313422717,"kinship":{"shares":[0.0090712,0.009658,0.0087507,0.0081025,0.0071207,0.0054683,0.0122172,0.0037895,0.0024132,0.0081749,0.0147274,0.0103078,0.0235795,0.0178779,0.0000465,0.8117379,0.0423746,0.0045821],"traits":[-0.0557186,0.0803776,-0.0346115],"familiarity":0.0}},"circumstances":{"asked":"auto","key":"app","tags":["team-a"],"unix_s":1795816395.2683291}}');
INSERT INTO "attempts" VALUES(3,'req_8a0acc65331107c515c28614',1,1.79581639527609539033e+09,'2026-11-27',21,'sim-mid','','','knowledge','sim-mid','sim-mid','simulated','app',1,'ok',200,'',1,1,10,0,0,7,0,0,0,0,0,0,0,0,'upstream',22800000,'priced',22800000,'simulated','','standard',0.88,3.65260400030820164829e-03,4.00882900021315435878e-03,'chatcmpl-8a0acc653311','{"form":2,"policy":"","policy_version":"","rule":"","reason":"pinned","bar":{"p":0.0},"reference":["sim-mid","simulated",false,293400000,39375600000,0.88,0.05,"prior",0.7,2.8366,0.5,true,77400000,559800000],"chosen":["sim-mid","simulated",false,293400000,39375600000,0.88,0.05,"prior",0.7,2.8366,0.5,true,77400000,559800000],"fallbacks":[],"exclusions":[],"cache":{"ttl_s":3600},"features":{"prompt_tokens":13,"category":"knowledge","category_confidence":0.8565559050879255,"kinship":{"shares":[0.0165819,0.0293801,0.0117851,0.0126171,0.3649166,0.0090524,0.0266201,0.0064964,0.0065018,0.0100449,0.172787,0.0278025,0.0188621,0.0288772,0.0000951,0.1467594,0.0993037,0.0115165],"traits":[-0.5585914,0.0740623,0.0769374],"familiarity":0.0}},"circumstances":{"asked":"sim-mid","key":"app","tags":["blue","team-a"],"unix_s":1795816395.2755394}}');
INSERT INTO "attempts" VALUES(4,'req_5290847ed6d3b7b1d1f8479d',1,1.79581639528594279287e+09,'2026-11-27',21,'auto:cheap','cheap','7272eef14c2a','maths','sim-frontier','sim-open-70b','simulated','app',0,'ok',200,'',1,1,25,0,0,46,0,0,0,0,0,0,0,0,'upstream',40950000,'priced',765000000,'simulated','','standard',6.79470635780949572257e-01,NULL,2.14657400010764831677e-03,'chatcmpl-5290847ed6d3','{"form":2,"policy":"cheap","policy_version":"7272eef14c2a","rule":"","reason":"cheapest-adequate","bar":{"p":0.6},"reference":["sim-frontier","simulated",false,3000000000,960372000000,0.9518887599058424,0.05,"prior",0.7,4.183,0.5,true,945000000,5250000000],"chosen":["sim-open-70b","simulated",false,146300000,5777800000,0.6794706357809496,0.05,"prior",0.4,2.722,0.5,true,50400000,251300000],"fallbacks":[["sim-mid","simulated",false,483600000,39396000000,0.8123124727368393,0.05,"prior",0.0036526040003082016,0.004008829000213154,0.5,false,138000000,841200000],["sim-frontier","simulated",false,3000000000,960372000000,0.9518887599058424,0.05,"prior",0.7,4.183,0.5,true,945000000,5250000000],["sim-open-8b","simulated",false,17020000,661560000,0.3738126491363076,0.05,"prior",null,0.0027390980003474397,0.5,false,5500000,28940000]],"exclusions":[],"cache":{"ttl_s":86400},"features":{"prompt_tokens":30,"category":"maths","category_confidence":0.9812861389328351,"kinship":{"shares":[0.001382,0.0049401,0.0034099,0.0033542,0.0028331,0.002134,0.0049357,0.0015527,0.0007,0.0162224,0.0075699,0.0014668,0.001156,0.0034202,0.0000146,0.9304987,0.0132281,0.0011815],"traits":[-0.1122046,0.059808,-0.0328934],"familiarity":0.349065363407135}},"circumstances":{"asked":"auto:cheap","key":"app","tags":["team-a"],"unix_s":1795816395.285169}}');
INSERT INTO "attempts" VALUES(5,'req_5d6056372bbc8b87238d8fd8',1,1795816405.53305,'2026-11-27',21,'auto','balanced','c8c2983e116a','code_writing','sim-frontier','sim-frontier','simulated','alpha',0,'ok',200,'',1,1,17,0,0,46,20,0,0,0,0,0,0,0,'upstream',1041000000,'priced',1041000000,'simulated','','standard',0.95,NULL,1.42699060002087207976e-02,'chatcmpl-5d6056372bbc','{"form":2,"policy":"balanced","policy_version":"c8c2983e116a","rule":"","reason":"cheapest-adequate","bar":{"p":0.9,"sd":0.05,"reference":"sim-frontier"},"reference":["sim-frontier","simulated",false,9048000000,960288000000,0.95,0.05,"prior",0.7,11.499999999999998,0.5,true,2388000000,18273000000],"chosen":["sim-frontier","simulated",false,9048000000,960288000000,0.95,0.05,"prior",0.7,11.499999999999998,0.5,true,2388000000,18273000000],"fallbacks":[["sim-mid","simulated",false,1449600000,39379200000,0.88,0.05,"prior",0.0036526040003082016,0.004008829000213154,0.5,false,367200000,2916000000],["sim-open-70b","simulated",false,425600000,5768000000,0.72,0.05,"prior",null,0.0021465740001076483,0.5,false,109900000,853300000],["sim-open-8b","simulated",false,48800000,660160000,0.45,0.05,"prior",null,0.0027390980003474397,0.5,false,12720000,97680000]],"exclusions":[],"cache":{"ttl_s":3600},"features":{"prompt_tokens":16,"category":"code_writing","category_confidence":0.9956748742425675,"kinship":{"shares":[0.0485765,0.032678,0.0342341,0.0955674,0.0349253,0.0240261,0.0620314,0.0183008,0.0325133,0.0473471,0.1685756,0.0590044,0.0415369,0.119001,0.0008043,0.0918911,0.0738634,0.0151231],"traits":[-0.0958945,-0.0523308,0.0356669],"familiarity":0.0}},"circumstances":{"asked":"auto","key":"alpha","tags":["blue"],"money_left":{"pico":"1000000000000"},"unix_s":1795816405.5321274}}');
INSERT INTO "attempts" VALUES(6,'req_e01bac68c3caf54388861110',1,1.7958164168113396168e+09,'2026-11-27',21,'sim-mid','','','writing','sim-mid','sim-mid','simulated','app',0,'ok',200,'',1,1,11,0,0,81,0,0,0,0,0,0,0,0,'upstream',201000000,'priced',201000000,'simulated','','standard',0.88,NULL,3.47798299981150194071e-03,'chatcmpl-e01bac68c3ca','{"form":2,"policy":"","policy_version":"","rule":"","reason":"pinned","bar":{"p":0.0},"reference":["sim-mid","simulated",false,1687800000,39375600000,0.88,0.05,"prior",0.0036526040003082016,0.004008829000213154,0.5,false,425400000,3396600000],"chosen":["sim-mid","simulated",false,1687800000,39375600000,0.88,0.05,"prior",0.0036526040003082016,0.004008829000213154,0.5,false,425400000,3396600000],"fallbacks":[],"exclusions":[],"cache":{"ttl_s":3600},"features":{"prompt_tokens":13,"category":"writing","category_confidence":0.9725957956999196,"kinship":{"shares":[0.0938062,0.0358945,0.0263312,0.0271482,0.0524465,0.0551949,0.0985455,0.0125174,0.0118531,0.0355319,0.2446265,0.0495247,0.0182218,0.12826,0.0001527,0.0660239,0.0313875,0.0125334],"traits":[0.110637,0.0567005,-0.0138821],"familiarity":0.0}},"circumstances":{"asked":"sim-mid","key":"app","tags":["team-a"],"unix_s":1795816416.810647}}');
CREATE TABLE outcomes (
	request_id VARCHAR NOT NULL, 
	source VARCHAR NOT NULL, 
	model VARCHAR NOT NULL, 
	category VARCHAR NOT NULL, 
	score FLOAT NOT NULL, 
	reason VARCHAR NOT NULL, 
	at_s FLOAT NOT NULL, 
	PRIMARY KEY (request_id, source)
);
INSERT INTO "outcomes" VALUES('req_e6b3fc4e855a6aeefe4fb9cf','retry','sim-open-8b','chat',0.0,'the same was asked again after 0 s',1.79581639527293682101e+09);
INSERT INTO "outcomes" VALUES('req_e6b3fc4e855a6aeefe4fb9cf','feedback','sim-open-8b','chat',0.5,'',1.79581640586362385747e+09);
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
INSERT INTO "rollup_category_days" VALUES('2026-11-27','cheap','maths','sim-open-70b','simulated','sim-frontier','ok','priced','standard',0,1,1,1,25,0,0,46,0,0,0,0,0,0,0,0,40,950000,765,0,6.79470635780949572257e-01);
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
INSERT INTO "rollup_days" VALUES('2026-11-27','app','cheap','maths','sim-open-70b','simulated','sim-frontier','ok','priced','standard',0,1,1,1,25,0,0,46,0,0,0,0,0,0,0,0,40,950000,765,0,6.79470635780949572257e-01);
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
INSERT INTO "rollup_hours" VALUES('2026-11-27',21,'cheap','sim-open-70b','simulated','sim-frontier','ok','priced','standard',0,1,1,1,25,0,0,46,0,0,0,0,0,0,0,0,40,950000,765,0,6.79470635780949572257e-01);
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
INSERT INTO "rollup_key_days" VALUES('2026-11-27','app','cheap','sim-open-70b','simulated','sim-frontier','ok','priced','standard',0,1,1,1,25,0,0,46,0,0,0,0,0,0,0,0,40,950000,765,0,6.79470635780949572257e-01);
CREATE TABLE rollup_latency (
	day VARCHAR NOT NULL, 
	model VARCHAR NOT NULL, 
	measure VARCHAR NOT NULL, 
	bucket INTEGER NOT NULL, 
	count BIGINT NOT NULL, 
	PRIMARY KEY (day, model, measure, bucket)
);
INSERT INTO "rollup_latency" VALUES('2026-11-27','sim-mid','first_content_s',-58,1);
INSERT INTO "rollup_latency" VALUES('2026-11-27','sim-frontier','total_s',-44,1);
INSERT INTO "rollup_latency" VALUES('2026-11-27','sim-mid','total_s',-57,1);
INSERT INTO "rollup_latency" VALUES('2026-11-27','sim-open-70b','total_s',-64,1);
INSERT INTO "rollup_latency" VALUES('2026-11-27','sim-open-8b','total_s',-61,1);
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
INSERT INTO "rollup_tag_days" VALUES('2026-11-27','team-a','cheap','maths','sim-open-70b','simulated','sim-frontier','ok','priced','standard',0,1,1,1,25,0,0,46,0,0,0,0,0,0,0,0,40,950000,765,0,6.79470635780949572257e-01);
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
INSERT INTO "virtual_keys" VALUES('key_f76d8f1bab2d','alpha','ce92d7d9bd49d03977e07c47942b5c63569aeff1906df6e10f63a2d2418e7fb1','fk-kgITdy','{"tags":["blue"],"policies":[],"models":[],"overrides":null,"budgets":[{"usd":"1","per":"month","timezone":"UTC"}],"limits":[]}',1.79581640170258927339e+09,NULL,NULL);
CREATE INDEX attempts_by_time ON attempts (at_s);
CREATE INDEX outcomes_by_time ON outcomes (at_s);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('attempts',6);
COMMIT;
