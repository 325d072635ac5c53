"""PostgreSQL extensions; a separate first step, so that a missing one is named before any table is made."""

from django.contrib.postgres.operations import BtreeGinExtension, TrigramExtension
from django.contrib.postgres.operations import CreateExtension
from django.db import migrations
from django.db.utils import Error
from pgvector.django import VectorExtension


class PgVectorExtension(VectorExtension):
    """Says what to install where the server lacks pgvector, as Debian's packages do."""

    def create_extension(self, *arguments):
        try:
            super().create_extension(*arguments)
        except Error as error:
            raise RuntimeError(
                "This PostgreSQL server has no pgvector extension, which Solvate needs for similarity search. "
                "Install pgvector 0.7 or newer on the server (https://github.com/pgvector/pgvector), "
                "or unset DATABASE_URL to use the embedded PostgreSQL."
            ) from error


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [PgVectorExtension(), CreateExtension("intarray"), TrigramExtension(), BtreeGinExtension()]
