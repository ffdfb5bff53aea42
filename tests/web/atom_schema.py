"""RFC 4287 as a schema: what a feed of ours may hold, in RELAX NG (after the RFC's Appendix B)."""

from __future__ import annotations

from lxml import etree

SCHEMA = """
<grammar xmlns="http://relaxng.org/ns/structure/1.0" ns="http://www.w3.org/2005/Atom"
         datatypeLibrary="http://www.w3.org/2001/XMLSchema-datatypes">
  <start>
    <element name="feed">
      <attribute name="xml:lang"><text/></attribute>
      <interleave>
        <ref name="common"/>
        <zeroOrMore><ref name="person"/></zeroOrMore>
        <optional><element name="subtitle"><ref name="words"/></element></optional>
        <optional><element name="rights"><ref name="words"/></element></optional>
        <zeroOrMore><ref name="entry"/></zeroOrMore>
      </interleave>
    </element>
  </start>
  <define name="entry">
    <element name="entry">
      <interleave>
        <ref name="common"/>
        <optional><element name="published"><data type="dateTime"/></element></optional>
        <optional><element name="summary"><ref name="words"/></element></optional>
      </interleave>
    </element>
  </define>
  <define name="common">
    <interleave>
      <element name="id"><data type="anyURI"><param name="minLength">8</param></data></element>
      <element name="title"><ref name="words"/></element>
      <element name="updated"><data type="dateTime"/></element>
      <oneOrMore><ref name="link"/></oneOrMore>
    </interleave>
  </define>
  <define name="link">
    <element name="link">
      <attribute name="href"><data type="anyURI"/></attribute>
      <optional><attribute name="rel">
        <choice><value>self</value><value>alternate</value></choice>
      </attribute></optional>
      <empty/>
    </element>
  </define>
  <define name="person"><element name="author"><element name="name"><text/></element></element></define>
  <define name="words">
    <optional><attribute name="type"><choice><value>text</value><value>html</value></choice></attribute></optional>
    <text/>
  </define>
</grammar>
"""
ATOM = {"a": "http://www.w3.org/2005/Atom"}


def atom_faults(feed: bytes) -> list[str]:
    """What of a feed is not as RFC 4287 says."""
    document = etree.fromstring(feed)
    schema = etree.RelaxNG(etree.fromstring(SCHEMA))
    faults = [] if schema.validate(document) else [str(error) for error in schema.error_log]
    ids = [str(found) for found in document.xpath("//a:id/text()", namespaces=ATOM)]
    faults += [f"the id {each} comes twice" for each in set(ids) if ids.count(each) > 1]
    if not document.xpath("a:link[@rel='self']", namespaces=ATOM):
        faults.append("no link to itself")
    return faults
