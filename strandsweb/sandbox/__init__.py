"""A stand-in for AWS on the loopback interface: moto behind a front that makes it durable, honest and able to run code."""
