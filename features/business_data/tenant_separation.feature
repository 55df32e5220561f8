@business_data
Feature: The database itself keeps customers apart
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Pass the security review of the largest customers
  Value impact:     A mistake in a program cannot show a customer's data to another
  Strategic impact: Separation in depth lets small and large customers share one platform

  @DBL-04 @segment.free @segment.early @segment.mid @segment.enterprise
  Rule: Data of customers is separated in the database itself

    @smoke
    Scenario: On behalf of one customer the database shows nothing of another
      Given Acme is a Free customer
      And Borealis is an Enterprise customer
      And Acme and Borealis have data of every kind
      When the platform's own database account looks on behalf of Acme
      Then it sees Acme's data of every kind and nobody else's

    @gate
    Scenario: On behalf of nobody the database shows nothing
      Given Acme is an Early customer
      And Borealis is a Mid customer
      And Acme and Borealis have data of every kind
      When the platform's own database account looks on behalf of nobody
      Then it sees nothing at all
      And on behalf of Borealis it sees Borealis' data of every kind

    @gate
    Scenario: On behalf of one customer nothing of another can be changed
      Given Acme is a Mid customer
      And Borealis is a Free customer
      And Acme and Borealis have data of every kind
      When the platform's own database account tries to change everything on behalf of Acme
      Then it has changed Acme's data of every kind and nobody else's
