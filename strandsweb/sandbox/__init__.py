"""A stand-in for AWS on the loopback interface: moto behind a front that makes it durable and lets functions run."""
