project_id   = "perkie-test"
region       = "europe-west1"
api_image    = "europe-west1-docker.pkg.dev/perkie-test/headshot/headshot-api@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
worker_image = "europe-west1-docker.pkg.dev/perkie-test/headshot/headshot-worker@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
