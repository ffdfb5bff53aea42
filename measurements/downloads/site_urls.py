"""Addresses that programs look for at a site's root; they have no language."""

from django.urls import path

from measurements.downloads import oembed, robots, sitemaps
from measurements.web import addresses as _addresses  # noqa: F401 - registers the converters

urlpatterns = [
    path("robots.txt", robots.robots, name="robots"),
    path("sitemap.xml", sitemaps.sitemap, name="sitemap"),
    path("sitemaps/<name:part>.xml", sitemaps.sitemap_part, name="sitemap-part"),
    path("oembed/", oembed.oembed, name="oembed"),
]
