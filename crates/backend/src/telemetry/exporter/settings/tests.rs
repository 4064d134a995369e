use super::*;

fn read(variables: &[(&str, &str)]) -> Result<Option<Otlp>, String> {
    let variable =
        |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
    Otlp::from_variables(&variable).map_err(|error| error.to_string())
}

const HERE: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://user:secret@127.0.0.1:4318/base");

#[test]
fn an_endpoint_switches_it_on_and_either_switch_off() {
    assert!(read(&[]).unwrap().is_none());
    assert!(read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "")]).unwrap().is_none());
    let on = read(&[HERE]).unwrap().unwrap();
    assert_eq!(on.endpoint(), "http://127.0.0.1:4318", "no password in the log");
    assert_eq!((on.timeout, on.names_service), (Duration::from_secs(10), false));
    assert!(
        read(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://otlp.example/v1/traces")]).unwrap().is_some()
    );
    for off in [("OTEL_SDK_DISABLED", "TRUE"), ("OTEL_TRACES_EXPORTER", "none")] {
        assert!(read(&[HERE, off, ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]).unwrap().is_none(), "{off:?}");
    }
    assert!(
        read(&[HERE, ("OTEL_SDK_DISABLED", "false"), ("OTEL_TRACES_EXPORTER", "otlp")]).unwrap().is_some()
    );
}

#[test]
fn the_setting_for_traces_comes_before_the_one_for_everything() {
    let both = [
        HERE,
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "5000"),
        ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "250"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test, service.name=pets"),
    ];
    let otlp = read(&both).unwrap().unwrap();
    assert_eq!((otlp.timeout, otlp.names_service), (Duration::from_millis(250), true));
}

#[test]
fn what_is_not_supported_is_refused_by_name() {
    for (name, value) in [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "127.0.0.1:4318"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "grpc://127.0.0.1:4317"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/etc/ca.pem"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "no header"),
        ("OTEL_TRACES_SAMPLER", "jaeger_remote"),
        ("OTEL_TRACES_EXPORTER", "zipkin"),
        ("OTEL_SDK_DISABLED", "perhaps"),
        ("OTEL_PROPAGATORS", "b3"),
        ("OTEL_BSP_SCHEDULE_DELAY", "soon"),
        ("OTEL_BSP_EXPORT_TIMEOUT", "1000"),
        ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "100"),
        ("OTEL_RESOURCE_ATTRIBUTES", "nonsense"),
    ] {
        let error = read(&[(name, value), HERE]).unwrap_err();
        assert!(error.contains(&format!("- {name} ")), "{error}");
    }
    let error = read(&[HERE, ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")]).unwrap_err();
    assert!(error.contains("OTEL_TRACES_SAMPLER_ARG"), "{error}");
    let error = read(&[("OTEL_TRACES_EXPORTER", "otlp")]).unwrap_err();
    assert!(error.contains("OTEL_EXPORTER_OTLP_ENDPOINT"), "{error}");
    let both = read(&[HERE, ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"), ("OTEL_PROPAGATORS", "b3")]);
    assert_eq!(both.unwrap_err().matches("\n  - ").count(), 2, "all at once");
}
