from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0002_a_data_set_has_no_revision_of_its_own'),
    ]

    operations = [
        migrations.AddField(
            model_name=name,
            name='known_from',
            field=models.CharField(blank=True, default='', max_length=100),
        )
        for name in ('aimodel', 'dataset', 'task')
    ] + [
        migrations.AlterField(
            model_name='aimodel',
            name='kind',
            field=models.CharField(choices=[('task-specific', 'task-specific'), ('general-purpose', 'general-purpose'), ('unknown', 'unknown')], max_length=20),
        ),
    ]
