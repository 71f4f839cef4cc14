"""What an invoice says of its shipping: how much, which tax and why, or why none; frozen when it is sent."""

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.taxes.naming import with_reason
from portal.taxes.wording import parted


class ShippingTax:
    """Columns of an invoice."""

    shipping_minor: Mapped[int] = mapped_column(server_default="0")
    shipping_tax_id: Mapped[int | None] = mapped_column(BigInteger)
    shipping_usual_tax_id: Mapped[int | None] = mapped_column(BigInteger)  # what was chosen; customer and place decide
    shipping_tax_why: Mapped[str] = mapped_column(
        String(200), default="", server_default=""
    )  # the tax's name, a comma, why
    shipping_tax_reason: Mapped[str] = mapped_column(String(200), default="", server_default="")  # why it bears none
    shipping_tax_missing: Mapped[str] = mapped_column(String(200), default="", server_default="")  # what a draft lacks

    @property
    def shipping_tax_words(self) -> str:
        """The tax and why, in a few words."""
        return with_reason(*parted(self.shipping_tax_why))

    def names_shippings_tax(self, name: str) -> bool:
        """Whether the tax is told by that name."""
        return self.shipping_tax_why == name or self.shipping_tax_why.startswith(f"{name}, ")

    @property
    def is_shipping_untaxed(self) -> bool:
        """Neither a tax nor a reason: not the same as none to pay."""
        return bool(self.shipping_minor) and self.shipping_tax_id is None and not self.shipping_tax_reason
