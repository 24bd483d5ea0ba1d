"""Settings of messages that are wrong are said by their names."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from strandsweb.settings.environment import networks, site


def test_networks_are_read_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert networks("NETWORKS") == []
    monkeypatch.setenv("NETWORKS", "10.1.0.0/16, fd12::/64")
    assert networks("NETWORKS") == ["10.1.0.0/16", "fd12::/64"]
    monkeypatch.setenv("NETWORKS", "10.1.0.1/16")
    with pytest.raises(ImproperlyConfigured, match=r"NETWORKS: 10\.1\.0\.1/16 has host bits set"):
        networks("NETWORKS")


def test_the_sites_address_has_a_scheme_and_no_slash_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SITE_URL", raising=False)
    assert site("https://strandsweb.example.com/") == "https://strandsweb.example.com"
    monkeypatch.setenv("SITE_URL", "strandsweb.example.com")
    with pytest.raises(ImproperlyConfigured, match="SITE_URL looks like"):
        site("https://example.com")
