CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.attempt_tags (
    request_id character varying NOT NULL,
    attempt integer NOT NULL,
    tag character varying NOT NULL
);
CREATE TABLE public.attempts (
    seq bigint NOT NULL,
    request_id character varying NOT NULL,
    attempt integer NOT NULL,
    at_s double precision NOT NULL,
    day character varying NOT NULL,
    hour integer NOT NULL,
    asked character varying NOT NULL,
    policy character varying NOT NULL,
    policy_version character varying NOT NULL,
    category character varying NOT NULL,
    reference character varying NOT NULL,
    model character varying NOT NULL,
    upstream character varying NOT NULL,
    key character varying NOT NULL,
    stream boolean NOT NULL,
    outcome character varying NOT NULL,
    status integer NOT NULL,
    error character varying NOT NULL,
    is_answer boolean NOT NULL,
    closes boolean NOT NULL,
    uncached_input_tokens bigint NOT NULL,
    cache_read_tokens bigint NOT NULL,
    cache_write_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    reasoning_tokens bigint NOT NULL,
    cache_write_1h_tokens bigint NOT NULL,
    audio_input_tokens bigint NOT NULL,
    audio_cache_read_tokens bigint NOT NULL,
    audio_output_tokens bigint NOT NULL,
    image_input_tokens bigint NOT NULL,
    image_output_tokens bigint NOT NULL,
    web_searches bigint NOT NULL,
    usage_source character varying NOT NULL,
    cost_pico bigint NOT NULL,
    cost_source character varying NOT NULL,
    baseline_pico bigint NOT NULL,
    price_source character varying NOT NULL,
    cost_note character varying NOT NULL,
    service_tier character varying NOT NULL,
    quality_p double precision,
    first_content_s double precision,
    total_s double precision NOT NULL
);
CREATE SEQUENCE public.attempts_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.attempts_seq_seq OWNED BY public.attempts.seq;
CREATE TABLE public.rollup_category_days (
    day character varying NOT NULL,
    policy character varying NOT NULL,
    category character varying NOT NULL,
    model character varying NOT NULL,
    upstream character varying NOT NULL,
    reference character varying NOT NULL,
    outcome character varying NOT NULL,
    cost_source character varying NOT NULL,
    service_tier character varying NOT NULL,
    size_class integer NOT NULL,
    attempts bigint NOT NULL,
    requests bigint NOT NULL,
    answers bigint NOT NULL,
    uncached_input_tokens bigint NOT NULL,
    cache_read_tokens bigint NOT NULL,
    cache_write_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    reasoning_tokens bigint NOT NULL,
    cache_write_1h_tokens bigint NOT NULL,
    audio_input_tokens bigint NOT NULL,
    audio_cache_read_tokens bigint NOT NULL,
    audio_output_tokens bigint NOT NULL,
    image_input_tokens bigint NOT NULL,
    image_output_tokens bigint NOT NULL,
    web_searches bigint NOT NULL,
    cost_high bigint NOT NULL,
    cost_low bigint NOT NULL,
    baseline_high bigint NOT NULL,
    baseline_low bigint NOT NULL,
    quality_sum double precision NOT NULL
);
CREATE TABLE public.rollup_days (
    day character varying NOT NULL,
    key character varying NOT NULL,
    policy character varying NOT NULL,
    category character varying NOT NULL,
    model character varying NOT NULL,
    upstream character varying NOT NULL,
    reference character varying NOT NULL,
    outcome character varying NOT NULL,
    cost_source character varying NOT NULL,
    service_tier character varying NOT NULL,
    size_class integer NOT NULL,
    attempts bigint NOT NULL,
    requests bigint NOT NULL,
    answers bigint NOT NULL,
    uncached_input_tokens bigint NOT NULL,
    cache_read_tokens bigint NOT NULL,
    cache_write_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    reasoning_tokens bigint NOT NULL,
    cache_write_1h_tokens bigint NOT NULL,
    audio_input_tokens bigint NOT NULL,
    audio_cache_read_tokens bigint NOT NULL,
    audio_output_tokens bigint NOT NULL,
    image_input_tokens bigint NOT NULL,
    image_output_tokens bigint NOT NULL,
    web_searches bigint NOT NULL,
    cost_high bigint NOT NULL,
    cost_low bigint NOT NULL,
    baseline_high bigint NOT NULL,
    baseline_low bigint NOT NULL,
    quality_sum double precision NOT NULL
);
CREATE TABLE public.rollup_hours (
    day character varying NOT NULL,
    hour integer NOT NULL,
    policy character varying NOT NULL,
    model character varying NOT NULL,
    upstream character varying NOT NULL,
    reference character varying NOT NULL,
    outcome character varying NOT NULL,
    cost_source character varying NOT NULL,
    service_tier character varying NOT NULL,
    size_class integer NOT NULL,
    attempts bigint NOT NULL,
    requests bigint NOT NULL,
    answers bigint NOT NULL,
    uncached_input_tokens bigint NOT NULL,
    cache_read_tokens bigint NOT NULL,
    cache_write_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    reasoning_tokens bigint NOT NULL,
    cache_write_1h_tokens bigint NOT NULL,
    audio_input_tokens bigint NOT NULL,
    audio_cache_read_tokens bigint NOT NULL,
    audio_output_tokens bigint NOT NULL,
    image_input_tokens bigint NOT NULL,
    image_output_tokens bigint NOT NULL,
    web_searches bigint NOT NULL,
    cost_high bigint NOT NULL,
    cost_low bigint NOT NULL,
    baseline_high bigint NOT NULL,
    baseline_low bigint NOT NULL,
    quality_sum double precision NOT NULL
);
CREATE TABLE public.rollup_key_days (
    day character varying NOT NULL,
    key character varying NOT NULL,
    policy character varying NOT NULL,
    model character varying NOT NULL,
    upstream character varying NOT NULL,
    reference character varying NOT NULL,
    outcome character varying NOT NULL,
    cost_source character varying NOT NULL,
    service_tier character varying NOT NULL,
    size_class integer NOT NULL,
    attempts bigint NOT NULL,
    requests bigint NOT NULL,
    answers bigint NOT NULL,
    uncached_input_tokens bigint NOT NULL,
    cache_read_tokens bigint NOT NULL,
    cache_write_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    reasoning_tokens bigint NOT NULL,
    cache_write_1h_tokens bigint NOT NULL,
    audio_input_tokens bigint NOT NULL,
    audio_cache_read_tokens bigint NOT NULL,
    audio_output_tokens bigint NOT NULL,
    image_input_tokens bigint NOT NULL,
    image_output_tokens bigint NOT NULL,
    web_searches bigint NOT NULL,
    cost_high bigint NOT NULL,
    cost_low bigint NOT NULL,
    baseline_high bigint NOT NULL,
    baseline_low bigint NOT NULL,
    quality_sum double precision NOT NULL
);
CREATE TABLE public.rollup_latency (
    day character varying NOT NULL,
    model character varying NOT NULL,
    measure character varying NOT NULL,
    bucket integer NOT NULL,
    count bigint NOT NULL
);
CREATE TABLE public.rollup_state (
    id integer NOT NULL,
    up_to_seq bigint NOT NULL
);
CREATE TABLE public.rollup_tag_days (
    day character varying NOT NULL,
    tag character varying NOT NULL,
    policy character varying NOT NULL,
    category character varying NOT NULL,
    model character varying NOT NULL,
    upstream character varying NOT NULL,
    reference character varying NOT NULL,
    outcome character varying NOT NULL,
    cost_source character varying NOT NULL,
    service_tier character varying NOT NULL,
    size_class integer NOT NULL,
    attempts bigint NOT NULL,
    requests bigint NOT NULL,
    answers bigint NOT NULL,
    uncached_input_tokens bigint NOT NULL,
    cache_read_tokens bigint NOT NULL,
    cache_write_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    reasoning_tokens bigint NOT NULL,
    cache_write_1h_tokens bigint NOT NULL,
    audio_input_tokens bigint NOT NULL,
    audio_cache_read_tokens bigint NOT NULL,
    audio_output_tokens bigint NOT NULL,
    image_input_tokens bigint NOT NULL,
    image_output_tokens bigint NOT NULL,
    web_searches bigint NOT NULL,
    cost_high bigint NOT NULL,
    cost_low bigint NOT NULL,
    baseline_high bigint NOT NULL,
    baseline_low bigint NOT NULL,
    quality_sum double precision NOT NULL
);
CREATE TABLE public.virtual_keys (
    id character varying NOT NULL,
    name character varying NOT NULL,
    digest character varying NOT NULL,
    hint character varying NOT NULL,
    grants character varying NOT NULL,
    created_s double precision NOT NULL,
    expires_s double precision,
    revoked_s double precision
);
ALTER TABLE ONLY public.attempts ALTER COLUMN seq SET DEFAULT nextval('public.attempts_seq_seq'::regclass);
INSERT INTO public.alembic_version VALUES ('2');
INSERT INTO public.attempt_tags VALUES ('req_7403ef73e679c7e717f58b20', 1, 'team-a');
INSERT INTO public.attempt_tags VALUES ('req_780f5a16f737c218bfdc4e92', 1, 'blue');
INSERT INTO public.attempt_tags VALUES ('req_780f5a16f737c218bfdc4e92', 1, 'team-a');
INSERT INTO public.attempt_tags VALUES ('req_aae3364968f79104fa7aa0ff', 1, 'team-a');
INSERT INTO public.attempt_tags VALUES ('req_af6aa6b4fbf31052fbc2af06', 0, 'team-a');
INSERT INTO public.attempt_tags VALUES ('req_ba4f4654287cb64c8d7d7266', 1, 'blue');
INSERT INTO public.attempt_tags VALUES ('req_e186cfe8e4f5799ba7721a89', 1, 'team-a');
INSERT INTO public.attempts VALUES (1, 'req_7403ef73e679c7e717f58b20', 1, 1795816344.5913794, '2026-11-27', 21, 'auto', 'balanced', '22266a04fd50', 'chat', 'sim-mid', 'sim-open-8b', 'simulated', 'app', false, 'ok', 200, '', true, true, 10, 0, 0, 18, 0, 0, 0, 0, 0, 0, 0, 0, 'upstream', 1940000, 'priced', 49200000, 'simulated', '', 'standard', 0.9, NULL, 0.0031038020001687983);
INSERT INTO public.attempts VALUES (2, 'req_af6aa6b4fbf31052fbc2af06', 0, 1795816344.6086297, '2026-11-27', 21, 'auto', 'balanced', '22266a04fd50', 'chat', 'sim-mid', 'sim-open-8b', 'simulated', 'app', false, 'cache_hit', 200, '', true, true, 10, 0, 0, 18, 0, 0, 0, 0, 0, 0, 0, 0, 'cache', 0, 'free', 49200000, 'simulated', '', 'standard', 0.9, NULL, 6.026599976394209e-05);
INSERT INTO public.attempts VALUES (3, 'req_780f5a16f737c218bfdc4e92', 1, 1795816344.6165385, '2026-11-27', 21, 'sim-mid', '', '', 'knowledge', 'sim-mid', 'sim-mid', 'simulated', 'app', true, 'ok', 200, '', true, true, 10, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 'upstream', 22800000, 'priced', 22800000, 'simulated', '', 'standard', 0.88, 0.011893289999989065, 0.01498108299983869);
INSERT INTO public.attempts VALUES (4, 'req_aae3364968f79104fa7aa0ff', 1, 1795816344.6511285, '2026-11-27', 21, 'auto:cheap', 'cheap', '04b47a8f67fc', 'maths', 'sim-frontier', 'sim-open-70b', 'simulated', 'app', false, 'ok', 200, '', true, true, 25, 0, 0, 46, 0, 0, 0, 0, 0, 0, 0, 0, 'upstream', 40950000, 'priced', 765000000, 'simulated', '', 'standard', 0.72, NULL, 0.0019963889999417006);
INSERT INTO public.attempts VALUES (5, 'req_ba4f4654287cb64c8d7d7266', 1, 1795816354.8290355, '2026-11-27', 21, 'auto', 'balanced', '22266a04fd50', 'code_writing', 'sim-frontier', 'sim-frontier', 'simulated', 'alpha', false, 'ok', 200, '', true, true, 17, 0, 0, 46, 20, 0, 0, 0, 0, 0, 0, 0, 'upstream', 1041000000, 'priced', 1041000000, 'simulated', '', 'standard', 0.95, NULL, 0.008648306999930355);
INSERT INTO public.attempts VALUES (6, 'req_e186cfe8e4f5799ba7721a89', 1, 1795816364.6561608, '2026-11-27', 21, 'sim-mid', '', '', 'writing', 'sim-mid', 'sim-mid', 'simulated', 'app', false, 'ok', 200, '', true, true, 11, 0, 0, 81, 0, 0, 0, 0, 0, 0, 0, 0, 'upstream', 201000000, 'priced', 201000000, 'simulated', '', 'standard', 0.88, NULL, 0.004595808999965811);
INSERT INTO public.rollup_category_days VALUES ('2026-11-27', '', 'knowledge', 'sim-mid', 'simulated', 'sim-mid', 'ok', 'priced', 'standard', 0, 1, 1, 1, 10, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 22, 800000, 22, 800000, 0.88);
INSERT INTO public.rollup_category_days VALUES ('2026-11-27', 'balanced', 'chat', 'sim-open-8b', 'simulated', 'sim-mid', 'cache_hit', 'free', 'standard', 0, 1, 1, 1, 10, 0, 0, 18, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 49, 200000, 0.9);
INSERT INTO public.rollup_category_days VALUES ('2026-11-27', 'balanced', 'chat', 'sim-open-8b', 'simulated', 'sim-mid', 'ok', 'priced', 'standard', 0, 1, 1, 1, 10, 0, 0, 18, 0, 0, 0, 0, 0, 0, 0, 0, 1, 940000, 49, 200000, 0.9);
INSERT INTO public.rollup_category_days VALUES ('2026-11-27', 'cheap', 'maths', 'sim-open-70b', 'simulated', 'sim-frontier', 'ok', 'priced', 'standard', 0, 1, 1, 1, 25, 0, 0, 46, 0, 0, 0, 0, 0, 0, 0, 0, 40, 950000, 765, 0, 0.72);
INSERT INTO public.rollup_category_days VALUES ('2026-11-27', 'balanced', 'code_writing', 'sim-frontier', 'simulated', 'sim-frontier', 'ok', 'priced', 'standard', 0, 1, 1, 1, 17, 0, 0, 46, 20, 0, 0, 0, 0, 0, 0, 0, 1041, 0, 1041, 0, 0.95);
INSERT INTO public.rollup_category_days VALUES ('2026-11-27', '', 'writing', 'sim-mid', 'simulated', 'sim-mid', 'ok', 'priced', 'standard', 0, 1, 1, 1, 11, 0, 0, 81, 0, 0, 0, 0, 0, 0, 0, 0, 201, 0, 201, 0, 0.88);
INSERT INTO public.rollup_days VALUES ('2026-11-27', 'app', '', 'knowledge', 'sim-mid', 'simulated', 'sim-mid', 'ok', 'priced', 'standard', 0, 1, 1, 1, 10, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 22, 800000, 22, 800000, 0.88);
INSERT INTO public.rollup_days VALUES ('2026-11-27', 'app', 'balanced', 'chat', 'sim-open-8b', 'simulated', 'sim-mid', 'cache_hit', 'free', 'standard', 0, 1, 1, 1, 10, 0, 0, 18, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 49, 200000, 0.9);
INSERT INTO public.rollup_days VALUES ('2026-11-27', 'app', 'balanced', 'chat', 'sim-open-8b', 'simulated', 'sim-mid', 'ok', 'priced', 'standard', 0, 1, 1, 1, 10, 0, 0, 18, 0, 0, 0, 0, 0, 0, 0, 0, 1, 940000, 49, 200000, 0.9);
INSERT INTO public.rollup_days VALUES ('2026-11-27', 'app', 'cheap', 'maths', 'sim-open-70b', 'simulated', 'sim-frontier', 'ok', 'priced', 'standard', 0, 1, 1, 1, 25, 0, 0, 46, 0, 0, 0, 0, 0, 0, 0, 0, 40, 950000, 765, 0, 0.72);
INSERT INTO public.rollup_days VALUES ('2026-11-27', 'alpha', 'balanced', 'code_writing', 'sim-frontier', 'simulated', 'sim-frontier', 'ok', 'priced', 'standard', 0, 1, 1, 1, 17, 0, 0, 46, 20, 0, 0, 0, 0, 0, 0, 0, 1041, 0, 1041, 0, 0.95);
INSERT INTO public.rollup_days VALUES ('2026-11-27', 'app', '', 'writing', 'sim-mid', 'simulated', 'sim-mid', 'ok', 'priced', 'standard', 0, 1, 1, 1, 11, 0, 0, 81, 0, 0, 0, 0, 0, 0, 0, 0, 201, 0, 201, 0, 0.88);
INSERT INTO public.rollup_hours VALUES ('2026-11-27', 21, 'balanced', 'sim-open-8b', 'simulated', 'sim-mid', 'cache_hit', 'free', 'standard', 0, 1, 1, 1, 10, 0, 0, 18, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 49, 200000, 0.9);
INSERT INTO public.rollup_hours VALUES ('2026-11-27', 21, 'balanced', 'sim-open-8b', 'simulated', 'sim-mid', 'ok', 'priced', 'standard', 0, 1, 1, 1, 10, 0, 0, 18, 0, 0, 0, 0, 0, 0, 0, 0, 1, 940000, 49, 200000, 0.9);
INSERT INTO public.rollup_hours VALUES ('2026-11-27', 21, 'cheap', 'sim-open-70b', 'simulated', 'sim-frontier', 'ok', 'priced', 'standard', 0, 1, 1, 1, 25, 0, 0, 46, 0, 0, 0, 0, 0, 0, 0, 0, 40, 950000, 765, 0, 0.72);
INSERT INTO public.rollup_hours VALUES ('2026-11-27', 21, 'balanced', 'sim-frontier', 'simulated', 'sim-frontier', 'ok', 'priced', 'standard', 0, 1, 1, 1, 17, 0, 0, 46, 20, 0, 0, 0, 0, 0, 0, 0, 1041, 0, 1041, 0, 0.95);
INSERT INTO public.rollup_hours VALUES ('2026-11-27', 21, '', 'sim-mid', 'simulated', 'sim-mid', 'ok', 'priced', 'standard', 0, 2, 2, 2, 21, 0, 0, 88, 0, 0, 0, 0, 0, 0, 0, 0, 223, 800000, 223, 800000, 1.76);
INSERT INTO public.rollup_key_days VALUES ('2026-11-27', 'app', 'balanced', 'sim-open-8b', 'simulated', 'sim-mid', 'cache_hit', 'free', 'standard', 0, 1, 1, 1, 10, 0, 0, 18, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 49, 200000, 0.9);
INSERT INTO public.rollup_key_days VALUES ('2026-11-27', 'app', 'balanced', 'sim-open-8b', 'simulated', 'sim-mid', 'ok', 'priced', 'standard', 0, 1, 1, 1, 10, 0, 0, 18, 0, 0, 0, 0, 0, 0, 0, 0, 1, 940000, 49, 200000, 0.9);
INSERT INTO public.rollup_key_days VALUES ('2026-11-27', 'app', 'cheap', 'sim-open-70b', 'simulated', 'sim-frontier', 'ok', 'priced', 'standard', 0, 1, 1, 1, 25, 0, 0, 46, 0, 0, 0, 0, 0, 0, 0, 0, 40, 950000, 765, 0, 0.72);
INSERT INTO public.rollup_key_days VALUES ('2026-11-27', 'alpha', 'balanced', 'sim-frontier', 'simulated', 'sim-frontier', 'ok', 'priced', 'standard', 0, 1, 1, 1, 17, 0, 0, 46, 20, 0, 0, 0, 0, 0, 0, 0, 1041, 0, 1041, 0, 0.95);
INSERT INTO public.rollup_key_days VALUES ('2026-11-27', 'app', '', 'sim-mid', 'simulated', 'sim-mid', 'ok', 'priced', 'standard', 0, 2, 2, 2, 21, 0, 0, 88, 0, 0, 0, 0, 0, 0, 0, 0, 223, 800000, 223, 800000, 1.76);
INSERT INTO public.rollup_latency VALUES ('2026-11-27', 'sim-mid', 'first_content_s', -46, 1);
INSERT INTO public.rollup_latency VALUES ('2026-11-27', 'sim-mid', 'total_s', -44, 1);
INSERT INTO public.rollup_latency VALUES ('2026-11-27', 'sim-open-70b', 'total_s', -65, 1);
INSERT INTO public.rollup_latency VALUES ('2026-11-27', 'sim-open-8b', 'total_s', -60, 1);
INSERT INTO public.rollup_latency VALUES ('2026-11-27', 'sim-frontier', 'total_s', -49, 1);
INSERT INTO public.rollup_latency VALUES ('2026-11-27', 'sim-mid', 'total_s', -56, 1);
INSERT INTO public.rollup_state VALUES (1, 6);
INSERT INTO public.rollup_tag_days VALUES ('2026-11-27', 'blue', '', 'knowledge', 'sim-mid', 'simulated', 'sim-mid', 'ok', 'priced', 'standard', 0, 1, 1, 1, 10, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 22, 800000, 22, 800000, 0.88);
INSERT INTO public.rollup_tag_days VALUES ('2026-11-27', 'team-a', '', 'knowledge', 'sim-mid', 'simulated', 'sim-mid', 'ok', 'priced', 'standard', 0, 1, 1, 1, 10, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 22, 800000, 22, 800000, 0.88);
INSERT INTO public.rollup_tag_days VALUES ('2026-11-27', 'team-a', 'balanced', 'chat', 'sim-open-8b', 'simulated', 'sim-mid', 'cache_hit', 'free', 'standard', 0, 1, 1, 1, 10, 0, 0, 18, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 49, 200000, 0.9);
INSERT INTO public.rollup_tag_days VALUES ('2026-11-27', 'team-a', 'balanced', 'chat', 'sim-open-8b', 'simulated', 'sim-mid', 'ok', 'priced', 'standard', 0, 1, 1, 1, 10, 0, 0, 18, 0, 0, 0, 0, 0, 0, 0, 0, 1, 940000, 49, 200000, 0.9);
INSERT INTO public.rollup_tag_days VALUES ('2026-11-27', 'team-a', 'cheap', 'maths', 'sim-open-70b', 'simulated', 'sim-frontier', 'ok', 'priced', 'standard', 0, 1, 1, 1, 25, 0, 0, 46, 0, 0, 0, 0, 0, 0, 0, 0, 40, 950000, 765, 0, 0.72);
INSERT INTO public.rollup_tag_days VALUES ('2026-11-27', 'blue', 'balanced', 'code_writing', 'sim-frontier', 'simulated', 'sim-frontier', 'ok', 'priced', 'standard', 0, 1, 1, 1, 17, 0, 0, 46, 20, 0, 0, 0, 0, 0, 0, 0, 1041, 0, 1041, 0, 0.95);
INSERT INTO public.rollup_tag_days VALUES ('2026-11-27', 'team-a', '', 'writing', 'sim-mid', 'simulated', 'sim-mid', 'ok', 'priced', 'standard', 0, 1, 1, 1, 11, 0, 0, 81, 0, 0, 0, 0, 0, 0, 0, 0, 201, 0, 201, 0, 0.88);
INSERT INTO public.virtual_keys VALUES ('key_31d8963d93a1', 'alpha', '5bd09b37b20f6b64da3f2264883c794a0efb669c708afd6bb8411be83e4ca181', 'fk-1NFnoC', '{"tags":["blue"],"policies":[],"models":[],"budgets":[{"usd":"1","per":"month","timezone":"UTC"}],"limits":[]}', 1795816350.823688, NULL, NULL);
SELECT pg_catalog.setval('public.attempts_seq_seq', 6, true);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.attempt_tags
    ADD CONSTRAINT attempt_tags_pkey PRIMARY KEY (request_id, attempt, tag);
ALTER TABLE ONLY public.attempts
    ADD CONSTRAINT attempts_once UNIQUE (request_id, attempt);
ALTER TABLE ONLY public.attempts
    ADD CONSTRAINT attempts_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY public.rollup_category_days
    ADD CONSTRAINT rollup_category_days_pkey PRIMARY KEY (day, policy, category, model, upstream, reference, outcome, cost_source, service_tier, size_class);
ALTER TABLE ONLY public.rollup_days
    ADD CONSTRAINT rollup_days_pkey PRIMARY KEY (day, key, policy, category, model, upstream, reference, outcome, cost_source, service_tier, size_class);
ALTER TABLE ONLY public.rollup_hours
    ADD CONSTRAINT rollup_hours_pkey PRIMARY KEY (day, hour, policy, model, upstream, reference, outcome, cost_source, service_tier, size_class);
ALTER TABLE ONLY public.rollup_key_days
    ADD CONSTRAINT rollup_key_days_pkey PRIMARY KEY (day, key, policy, model, upstream, reference, outcome, cost_source, service_tier, size_class);
ALTER TABLE ONLY public.rollup_latency
    ADD CONSTRAINT rollup_latency_pkey PRIMARY KEY (day, model, measure, bucket);
ALTER TABLE ONLY public.rollup_state
    ADD CONSTRAINT rollup_state_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.rollup_tag_days
    ADD CONSTRAINT rollup_tag_days_pkey PRIMARY KEY (day, tag, policy, category, model, upstream, reference, outcome, cost_source, service_tier, size_class);
ALTER TABLE ONLY public.virtual_keys
    ADD CONSTRAINT virtual_keys_digest_key UNIQUE (digest);
ALTER TABLE ONLY public.virtual_keys
    ADD CONSTRAINT virtual_keys_pkey PRIMARY KEY (id);
CREATE INDEX attempts_by_time ON public.attempts USING btree (at_s);
