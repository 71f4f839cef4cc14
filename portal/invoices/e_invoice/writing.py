"""XML by short paths: `Parent/Child` with the prefixes of both grammars. Text is escaped by the library."""

from decimal import Decimal
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

NAMESPACES = {
    "inv": "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2",
    "crn": "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2",
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
    "rsm": "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100",
    "ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100",
    "udt": "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100",
}
for _prefix, _address in NAMESPACES.items():
    register_namespace(_prefix, _address)


def named(name: str) -> str:
    prefix, local = name.split(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"


def put(parent: Element, path: str, text: object = None, **attributes: str) -> Element:
    """A new child (the last step of `path` always; the steps before it too). Returns the last."""
    for step in path.split("/"):
        parent = SubElement(parent, named(step))
    parent.attrib.update(attributes)
    if text is not None:
        parent.text = f"{text:f}" if isinstance(text, Decimal) else str(text)
    return parent


def written(root: Element) -> bytes:
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))
